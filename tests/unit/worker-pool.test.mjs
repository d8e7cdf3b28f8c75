// The pool with real threads and a real loader; only the workers behind them are fakes.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { deferred, engine, FakeWorker, INFO, settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { platform, ThreadLoader, WorkerPool, WorkerThread } = await importSource(
  "pool/worker-pool.ts",
  "pool/worker-thread.ts",
  "pool/thread-loader.ts",
  "platform/platform.ts",
);

const IDLE_MS = 60_000;
const { signal } = new AbortController();
const predict = (text) => ({ type: "predict", texts: [text], params: {}, failFast: true });

let workers;
let pools;
beforeEach(() => ([workers, pools] = [[], []]));
afterEach(() => {
  for (const pool of pools) pool.close(); // otherwise its timer keeps the process alive for a minute
  mock.timers.reset();
});

function makePool(size, answer = engine(), start = undefined) {
  const startThread = async () => {
    const worker = new FakeWorker(answer);
    workers.push(worker);
    const thread = new WorkerThread(worker);
    await thread.ready;
    return thread;
  };
  const loader = new ThreadLoader(new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)), {
    from: "files",
    files: {},
  });
  const pool = new WorkerPool(loader, start ?? startThread, size);
  pools.push(pool);
  return pool;
}

/** An engine whose predictions wait until `release` lets them finish, one by one. */
function heldEngine() {
  const waiting = [];
  const answer = engine({
    predict: async ({ texts }) => {
      const { promise, resolve } = deferred();
      waiting.push(() => resolve(texts));
      return promise;
    },
  });
  const release = async () => {
    waiting.shift()();
    await settled();
  };
  return { answer, release, waiting };
}

test("opening starts one thread and loads it", async () => {
  const pool = makePool(4);
  assert.deepEqual(await pool.open(undefined, signal), INFO);
  assert.equal(workers.length, 1);
  assert.deepEqual(
    workers[0].requests.map(({ type }) => type),
    ["fetch", "start"],
  );
  assert.deepEqual([pool.size, pool.memoryBytes], [4, 65536]);
});

test("requests are answered in their order, by one thread one at a time", async () => {
  const { answer, release, waiting } = heldEngine();
  const pool = makePool(1, answer);
  await pool.open(undefined, signal);
  const done = [];
  for (const text of ["a", "b", "c"]) void pool.send(predict(text), signal).then(([reply]) => done.push(reply));
  await settled();
  assert.equal(waiting.length, 1);
  for (let i = 0; i < 3; i++) await release();
  assert.deepEqual(done, ["a", "b", "c"]);
});

test("a request is kept alive while it waits for a thread, until it has one, is aborted or the pool is closed", async (t) => {
  const kept = new Set();
  platform.keepAlive = () => {
    const call = Symbol();
    kept.add(call);
    return () => kept.delete(call);
  };
  t.after(() => delete platform.keepAlive);
  const { answer, release } = heldEngine();
  const pool = makePool(1, answer);
  await pool.open(undefined, signal);
  const aborting = new AbortController();
  const first = pool.send(predict("a"), signal);
  const second = pool.send(predict("b"), signal);
  const third = pool.send(predict("c"), aborting.signal);
  await settled();
  assert.equal(kept.size, 2, "all but the first wait");
  aborting.abort();
  await assert.rejects(third, { code: "aborted" });
  assert.equal(kept.size, 1);
  await release();
  await first;
  assert.equal(kept.size, 0);
  const fourth = pool.send(predict("d"), signal);
  await settled();
  assert.equal(kept.size, 1);
  pool.close();
  for (const { reason } of await Promise.allSettled([second, fourth])) assert.equal(reason.code, "closed");
  assert.equal(kept.size, 0, "a closed pool keeps nothing alive");
});

test("the pool grows while requests wait, up to its size", async () => {
  const { answer, release } = heldEngine();
  const pool = makePool(3, answer);
  await pool.open(undefined, signal);
  const calls = ["a"].map((text) => pool.send(predict(text), signal));
  await settled();
  assert.equal(workers.length, 1, "one request needs no second worker");
  calls.push(...["b", "c", "d", "e"].map((text) => pool.send(predict(text), signal)));
  await settled();
  await settled();
  assert.equal(workers.length, 3);
  for (let i = 0; i < 5; i++) await release();
  assert.deepEqual((await Promise.all(calls)).flat(), ["a", "b", "c", "d", "e"]);
});

test("no more workers are started than requests wait", async () => {
  const { answer, release } = heldEngine();
  let starts = 0;
  const pool = makePool(5, answer, async () => {
    if (++starts > 2) return new Promise(() => {});
    return new WorkerThread(new FakeWorker(answer));
  });
  await pool.open(undefined, signal);
  void pool.send(predict("a"), signal).catch(() => {});
  void pool.send(predict("b"), signal).catch(() => {});
  await settled();
  assert.equal(starts, 2);
  for (const text of ["c", "d"]) void pool.send(predict(text), signal).catch(() => {});
  await settled();
  assert.equal(starts, 4);
  await release();
  await settled();
  assert.equal(starts, 4, "the free thread has taken c, and two are being started for d");
});

test("if another worker cannot be started, those that run do the work", async () => {
  const { answer, release } = heldEngine();
  let starts = 0;
  const pool = makePool(3, answer, async () => {
    if (++starts > 1) throw new Error("no more");
    const worker = new FakeWorker(answer);
    workers.push(worker);
    return new WorkerThread(worker);
  });
  await pool.open(undefined, signal);
  const calls = ["a", "b"].map((text) => pool.send(predict(text), signal));
  await settled();
  assert.equal(pool.size, 1);
  await release();
  await release();
  assert.deepEqual((await Promise.all(calls)).flat(), ["a", "b"]);
});

test("a request that is aborted while it waits is never sent", async () => {
  const { answer, release } = heldEngine();
  const pool = makePool(1, answer);
  await pool.open(undefined, signal);
  const first = pool.send(predict("a"), signal);
  const controller = new AbortController();
  const second = pool.send(predict("b"), controller.signal);
  controller.abort("enough");
  await assert.rejects(second, { code: "aborted", cause: "enough" });
  await release();
  await first;
  assert.deepEqual(
    workers[0].requests.filter(({ type }) => type === "predict").map(({ texts }) => texts[0]),
    ["a"],
  );
  await assert.rejects(pool.send(predict("c"), controller.signal), { code: "aborted" });
});

test("a call rejects at once when it is aborted, and its thread takes the next when it has stopped", async () => {
  const { answer, release } = heldEngine();
  const pool = makePool(1, answer);
  await pool.open(undefined, signal);
  const controller = new AbortController();
  const first = pool.send(predict("a"), controller.signal);
  const second = pool.send(predict("b"), signal);
  await settled();
  controller.abort();
  await assert.rejects(first, { code: "aborted" });
  await release();
  await release();
  assert.deepEqual(await second, ["b"]);
});

test("a crashed worker fails its request; the next one starts another worker", async () => {
  const crash = engine({
    predict: async ({ texts }) => {
      if (texts[0] === "crash") throw Object.assign(new Error("trap"), { crashed: true });
      return texts;
    },
  });
  const pool = makePool(1, crash);
  await pool.open(undefined, signal);
  const calls = ["crash", "b"].map((text) => pool.send(predict(text), signal));
  await assert.rejects(calls[0], { code: "internal", message: "trap" });
  assert.deepEqual(await calls[1], ["b"]);
  assert.deepEqual(
    workers.map(({ terminated }) => terminated),
    [true, false],
  );
});

test("a thread that cannot be started again fails the request that waits for it, and only that", async () => {
  let failing = false;
  const pool = makePool(
    1,
    engine({
      start: async () => {
        if (failing) throw Object.assign(new Error("offline"), { code: "download-failed" });
        return INFO;
      },
    }),
  );
  await pool.open(undefined, signal);
  workers[0].onerror({ preventDefault() {}, message: "killed" });
  failing = true;
  await assert.rejects(pool.send(predict("a"), signal), { code: "download-failed" });
  failing = false;
  assert.equal((await pool.send(predict("b"), signal)).length, 1);
});

test("close rejects what waits and what runs, and ends the workers", async () => {
  const { answer } = heldEngine();
  const pool = makePool(1, answer);
  await pool.open(undefined, signal);
  const calls = ["a", "b"].map((text) => pool.send(predict(text), signal));
  await settled();
  pool.close();
  pool.close();
  for (const { reason } of await Promise.allSettled(calls)) assert.equal(reason.code, "closed");
  assert.deepEqual([workers[0].terminated, pool.memoryBytes], [true, 0]);
  await assert.rejects(pool.send(predict("c"), signal), { code: "closed" });
});

/** A start of threads, as start-thread.ts gives it: the first `count` are workers, the later ones the calling thread. */
function startRefusedAfter(count) {
  const started = [];
  const start = async () => {
    const thread = new WorkerThread(new FakeWorker(engine()), started.length < count ? "worker" : "page");
    started.push(thread);
    return thread;
  };
  return { started, start };
}

test("the calling thread computes alone: not beside workers, and once", async () => {
  const { answer, release } = heldEngine();
  const { started, start } = startRefusedAfter(1);
  const mixed = makePool(4, undefined, async () => {
    const thread = await start();
    return started.length === 1 ? new WorkerThread(new FakeWorker(answer)) : thread;
  });
  await mixed.open(undefined, signal);
  const calls = ["a", "b", "c"].map((text) => mixed.send(predict(text), signal));
  await settled();
  assert.deepEqual([mixed.size, mixed.runsIn], [1, "worker"]);
  assert.ok(started.length > 1 && started.slice(1).every(({ broken }) => broken), "only the worker is kept");
  for (const _ of calls) await release();
  assert.deepEqual((await Promise.all(calls)).flat(), ["a", "b", "c"]);

  mock.timers.enable({ apis: ["setTimeout"] });
  const later = startRefusedAfter(1);
  const pool = makePool(4, undefined, later.start);
  await pool.open(undefined, signal);
  mock.timers.tick(IDLE_MS);
  await Promise.all(["a", "b", "c", "d"].map((text) => pool.send(predict(text), signal)));
  assert.deepEqual([pool.size, pool.runsIn], [1, "page"]);
  assert.equal(later.started.filter(({ broken }) => !broken).length, 1, "one copy of the model");
});

test("a thread that has the files, but not the model, is terminated when it has stored them for other classifiers", async () => {
  const stored = deferred();
  const broken = engine({
    start: async () => {
      throw Object.assign(new Error("damaged"), { code: "model-malformed" });
    },
    store: () => stored.promise,
  });
  const folder = { from: "folder", candidates: {}, cache: "always" };
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  const open = (answer) => {
    const worker = new FakeWorker(answer);
    const pool = new WorkerPool(new ThreadLoader(module, folder), async () => new WorkerThread(worker), 1);
    pools.push(pool);
    return { worker, opened: pool.open(undefined, signal) };
  };
  const [first, second] = [open(broken), open(engine())];
  await assert.rejects(first.opened, { code: "model-malformed" });
  assert.equal(first.worker.terminated, false);
  stored.resolve({ ...folder, stored: true });
  await second.opened;
  assert.equal(second.worker.requests[0].source.stored, true, "nothing is downloaded twice");
  await settled();
  assert.equal(first.worker.terminated, true);
});

test("a load that is aborted ends its worker", async () => {
  const pool = makePool(1, engine({ start: () => new Promise(() => {}) }));
  const controller = new AbortController();
  const load = pool.open(undefined, controller.signal);
  await settled();
  controller.abort();
  await assert.rejects(load, { code: "aborted" });
  await settled();
  assert.equal(workers[0].terminated, true);
});

test("web workers shut down after a minute without a call, and start again with the next", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const pool = makePool(1);
  await pool.open(undefined, signal);
  mock.timers.tick(IDLE_MS / 2);
  await pool.send(predict("a"), signal);
  await settled();
  mock.timers.tick(IDLE_MS / 2);
  assert.equal(workers[0].terminated, false, "the call in between counts");
  mock.timers.tick(IDLE_MS / 2);
  assert.deepEqual([workers[0].terminated, pool.memoryBytes], [true, 0]);
  assert.equal((await pool.send(predict("b"), signal)).length, 1);
  assert.equal(workers.length, 2);
});

test("a worker that works does not shut down", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { answer, release } = heldEngine();
  const pool = makePool(1, answer);
  await pool.open(undefined, signal);
  const call = pool.send(predict("a"), signal);
  await settled();
  mock.timers.tick(10 * IDLE_MS);
  await release();
  assert.deepEqual(await call, ["a"]);
});

test("worker threads of Node stay", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const worker = new FakeWorker(engine());
  const pool = makePool(1, undefined, async () => new WorkerThread(worker, "worker-threads"));
  assert.equal(pool.runsIn, "page");
  await pool.open(undefined, signal);
  assert.equal(pool.runsIn, "worker-threads");
  mock.timers.tick(10 * IDLE_MS);
  assert.equal(worker.terminated, false);
});
