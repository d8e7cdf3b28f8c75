// Which kind of thread the option `workers` gives on which platform.
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { engine, FakeWorker, settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { platform, startThread } = await importSource("pool/start-thread.ts", "platform/platform.ts");

let started = [];
const starter =
  (kind, Kind = FakeWorker) =>
  () => {
    started.push(kind);
    return new Kind(engine());
  };
const web = starter("web worker");

afterEach(() => {
  started = [];
  platform.hasWebWorkers = true;
  delete platform.startWorkerThread;
  delete globalThis.Worker;
});

async function kindOf(workers, startWebWorker = web) {
  started = [];
  const { runsIn } = await startThread(workers, startWebWorker);
  assert.equal(runsIn, { "web worker": "worker", "worker thread": "worker-threads" }[started[0]] ?? "page");
  return started[0] ?? "calling thread";
}

test("browsers: a web worker, unless there are to be none", async () => {
  globalThis.Worker = FakeWorker;
  assert.deepEqual(
    [await kindOf("auto"), await kindOf(3), await kindOf(0)],
    ["web worker", "web worker", "calling thread"],
  );
});

test("service workers have no Worker: the calling thread", async () => {
  assert.deepEqual([await kindOf("auto"), await kindOf(3), await kindOf(0)], Array(3).fill("calling thread"));
});

test("Node, Deno and Bun: worker threads for a number, else the calling thread", async () => {
  globalThis.Worker = FakeWorker; // Deno and Bun have web workers
  platform.hasWebWorkers = false;
  platform.startWorkerThread = starter("worker thread");
  assert.deepEqual(
    [await kindOf("auto"), await kindOf(3), await kindOf(0)],
    ["calling thread", "worker thread", "calling thread"],
  );
});

test("a worker that cannot be constructed or loaded: the calling thread, and one warning that says why", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  globalThis.Worker = FakeWorker;
  const refuse = () => {
    throw new DOMException("of another origin", "SecurityError");
  };
  assert.equal((await startThread("auto", refuse)).runsIn, "page");
  const worker = new FakeWorker(engine(), { ready: false });
  const thread = startThread("auto", () => worker);
  queueMicrotask(() => worker.onerror({ preventDefault() {} }));
  assert.equal((await thread).runsIn, "page");
  assert.equal(worker.terminated, true);
  const messages = warn.mock.calls.map(({ arguments: [message] }) => message);
  assert.equal(messages.length, 1);
  assert.match(messages[0], /^litmus-text: no worker could be started: of another origin\. /);
});

test("a worker that is silent for 30 seconds, or whose start is aborted, is terminated", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  globalThis.Worker = FakeWorker;
  const { startThread } = await importSource("pool/start-thread.ts"); // warns once per copy
  const workers = [];
  const startSilent = (signal) =>
    startThread(
      "auto",
      () => {
        workers.push(new FakeWorker(engine(), { ready: false }));
        return workers.at(-1);
      },
      new URL("https://example.org/other.js"),
      signal,
    );

  const controller = new AbortController();
  const aborted = startSilent(controller.signal);
  await settled();
  assert.equal(workers[0].terminated, false);
  controller.abort();
  await assert.rejects(aborted, { code: "aborted" });
  assert.equal(workers[0].terminated, true);
  assert.equal(warn.mock.callCount(), 0);

  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const silent = startSilent(undefined);
  await settled();
  mock.timers.tick(29_999);
  await settled();
  assert.equal(workers[1].terminated, false);
  mock.timers.tick(1);
  await settled();
  assert.equal(workers[1].terminated, true);
  mock.timers.tick(1000); // the wait for a report of the page's policies
  assert.equal((await silent).runsIn, "page");
  const [message] = warn.mock.calls[0].arguments;
  assert.match(message, /its script did not start within 30 s: workerUrl must be the URL of litmus-text\/worker\./);
});

test("the observer of the page's policies is disconnected", async (t) => {
  t.mock.method(console, "warn", () => {});
  globalThis.Worker = FakeWorker;
  let observers = 0;
  globalThis.ReportingObserver = class {
    observe() {
      observers++;
    }
    disconnect() {
      observers--;
    }
  };
  t.after(() => delete globalThis.ReportingObserver);
  const refuse = () => {
    throw new Error("refused");
  };
  assert.equal((await startThread("auto", refuse)).runsIn, "page");
  assert.equal(observers, 0);
});
