// What the threads of a page share: the compiled module, and the model's files once they are stored.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred, engine, FakeWorker, INFO, settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { ThreadLoader, WorkerThread } = await importSource("pool/thread-loader.ts", "pool/worker-thread.ts");

const { signal } = new AbortController();
let lastUrl = 0;
const freshUrl = () => `https://example.org/${++lastUrl}.wasm`;
const folder = (url) => ({ from: "folder", candidates: { config: [{ path: "config.json", url }] }, cache: "always" });

function makeThread(override) {
  const worker = new FakeWorker(engine(override));
  return { worker, thread: new WorkerThread(worker), types: () => worker.requests.map(({ type }) => type) };
}

test("a thread compiles, fetches, starts, and then stores", async () => {
  const { thread, types } = makeThread();
  const loader = new ThreadLoader(freshUrl(), folder("a"));
  assert.deepEqual(await loader.load(thread, undefined, signal), INFO);
  await loader.shared;
  assert.deepEqual(types(), ["compile", "fetch", "start", "store"]);
});

test("the second thread gets the compiled module, and reads the files that the first has stored", async () => {
  const [first, second] = [makeThread(), makeThread()];
  const loader = new ThreadLoader(freshUrl(), folder("b"));
  await loader.load(first.thread, undefined, signal);
  await loader.shared;
  await loader.load(second.thread, undefined, signal);
  await loader.shared;
  const [fetch] = second.worker.requests;
  assert.equal(second.types()[0], "fetch", "nothing is compiled again");
  assert.equal(fetch.source.stored, true);
});

test("two classifiers that load the same model at the same time download it once", async () => {
  const url = freshUrl();
  const stored = deferred();
  const [first, second] = [makeThread({ store: () => stored.promise }), makeThread()];
  const loads = [first, second].map(({ thread }) => new ThreadLoader(url, folder("c")).load(thread, undefined, signal));
  await loads[0];
  await settled();
  assert.deepEqual(second.types(), [], "it waits for the files of the first");
  stored.resolve({ ...folder("c"), stored: true });
  assert.deepEqual(await loads[1], INFO);
  assert.deepEqual(second.types(), ["fetch", "start"]);
});

test("if the first load is aborted, the second downloads by itself", async () => {
  const url = freshUrl();
  const controller = new AbortController();
  const wait = (_, { signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(Object.assign(new Error(), { code: "aborted" }))),
    );
  const [first, second] = [makeThread({ compile: wait, fetch: wait }), makeThread()];
  const aborted = new ThreadLoader(url, folder("d")).load(first.thread, undefined, controller.signal);
  const other = new ThreadLoader(url, folder("d")).load(second.thread, undefined, signal);
  await settled();
  controller.abort();
  await assert.rejects(aborted, { code: "aborted" });
  assert.deepEqual(await other, INFO);
  assert.deepEqual(second.types().slice(0, 3).sort(), ["compile", "fetch", "start"]);
});

test("if the first cannot compile its module, others still get the files", async () => {
  const fail = async () => {
    throw Object.assign(new Error("no such file"), { code: "model-not-found" });
  };
  const [first, second] = [makeThread({ compile: fail }), makeThread()];
  const failed = new ThreadLoader(freshUrl(), folder("f")).load(first.thread, undefined, signal);
  const other = new ThreadLoader(freshUrl(), folder("f")).load(second.thread, undefined, signal);
  await assert.rejects(failed, { code: "model-not-found" });
  assert.deepEqual(await other, INFO);
});

test("if both the module and the model are missing, the error is about the module", async () => {
  const compiling = deferred();
  const missing = (name) => Object.assign(new Error(name), { code: "model-not-found" });
  const { thread } = makeThread({
    compile: () => compiling.promise,
    fetch: async () => {
      throw missing("model");
    },
  });
  const loading = new ThreadLoader(freshUrl(), folder("g")).load(thread, undefined, signal);
  await settled();
  compiling.reject(missing("module"));
  await assert.rejects(loading, { message: "module" });
});

test("given files are read by each thread, without waiting for others", async () => {
  const files = { from: "files", files: { config: { path: "config.json", blob: new Blob(["{}"]) } } };
  const loader = new ThreadLoader(freshUrl(), files);
  for (const { thread, types } of [makeThread(), makeThread()]) {
    await loader.load(thread, undefined, signal);
    assert.ok(types().includes("fetch") && !types().includes("store"));
  }
});

test("a failed load rejects, and the next one tries again", async () => {
  let failing = true;
  const { thread } = makeThread({
    fetch: async () => {
      if (failing) throw Object.assign(new Error("offline"), { code: "download-failed" });
    },
  });
  const loader = new ThreadLoader(freshUrl(), folder("e"));
  await assert.rejects(loader.load(thread, undefined, signal), { code: "download-failed" });
  failing = false;
  assert.deepEqual(await loader.load(thread, undefined, signal), INFO);
});
