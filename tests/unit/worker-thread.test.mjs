import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { deferred, engine, FakeWorker, settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { LitmusError, WorkerThread } = await importSource("pool/worker-thread.ts", "shared/errors.ts");

const predict = (text) => ({ type: "predict", texts: [text], params: {}, failFast: false });

test("the thread is ready once the worker sends its ready message", async () => {
  const worker = new FakeWorker(engine(), { ready: false });
  const thread = new WorkerThread(worker);
  let ready = false;
  void thread.ready.then(() => (ready = true));
  await settled();
  assert.equal(ready, false);
  worker.emit({ type: "ready" });
  await settled();
  assert.equal(ready, true);
});

test("replies find their requests in any order, with the memory's size", async () => {
  const replies = [deferred(), deferred()];
  let count = 0;
  const thread = new WorkerThread(new FakeWorker(() => replies[count++].promise));
  const calls = [thread.send(predict("a")), thread.send(predict("b"))];
  replies[1].resolve("second");
  replies[0].resolve("first");
  assert.deepEqual(await Promise.all(calls), ["first", "second"]);
  assert.equal(thread.memoryBytes, 65536);
});

test("progress is reported to a listener only, and not after the reply", async () => {
  const worker = new FakeWorker(async (_, { progress }) => progress({ done: 1, total: 2 }));
  const thread = new WorkerThread(worker);
  const events = [];
  await thread.send(predict("a"), undefined, (event) => events.push(event));
  worker.emit({ type: "progress", id: 1, progress: { done: 2, total: 2 } });
  await thread.send(predict("a"));
  assert.deepEqual(events, [{ done: 1, total: 2 }]);
  assert.deepEqual(
    worker.received.map(({ report }) => report),
    [true, false],
  );
});

test("a failure becomes a LitmusError with its code, index and message", async () => {
  const fail = async () => {
    throw Object.assign(new Error("text 3 is empty"), { code: "empty-text", index: 3 });
  };
  const thread = new WorkerThread(new FakeWorker(fail));
  await assert.rejects(thread.send(predict("")), (error) => {
    assert.ok(error instanceof LitmusError);
    assert.deepEqual([error.code, error.index, error.message], ["empty-text", 3, "text 3 is empty"]);
    return true;
  });
  assert.equal(thread.broken, false);
});

test("a crash fails every request and ends the worker", async () => {
  let count = 0;
  const worker = new FakeWorker(() => {
    if (++count === 2) throw Object.assign(new Error("trap"), { code: "internal", crashed: true });
    return new Promise(() => {});
  });
  const thread = new WorkerThread(worker);
  const calls = await Promise.allSettled([thread.send(predict("a")), thread.send(predict("b"))]);
  assert.deepEqual(
    calls.map(({ reason }) => [reason.code, reason.message]),
    [
      ["internal", "trap"],
      ["internal", "trap"],
    ],
  );
  assert.deepEqual([thread.broken, thread.memoryBytes, worker.terminated], [true, 0, true]);
  await assert.rejects(thread.send(predict("c")), {
    code: "internal",
    message: /^the worker was terminated: call again/,
  });
});

test("a script that does not load, and an unreadable message, fail the worker", async () => {
  for (const event of ["onerror", "onmessageerror"]) {
    const worker = new FakeWorker(() => new Promise(() => {}), { ready: false });
    const thread = new WorkerThread(worker);
    const call = thread.send(predict("a"));
    worker[event]({ preventDefault() {} });
    await assert.rejects(thread.ready, { code: "internal" });
    await assert.rejects(call, { code: "internal" });
    assert.equal(worker.terminated, true);
  }
});

/** An engine that works until its request is aborted. */
async function rejectWhenAborted(_, { signal }) {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  throw Object.assign(new Error("stopped"), { code: "aborted" });
}

test("an abort is passed on, and the reply decides", async () => {
  const worker = new FakeWorker(rejectWhenAborted);
  const thread = new WorkerThread(worker);
  const controller = new AbortController();
  const call = thread.send(predict("a"), controller.signal);
  controller.abort();
  await assert.rejects(call, { code: "aborted", message: "stopped" });
  assert.equal(thread.broken, false, "the worker stays");
  await assert.rejects(thread.send(predict("b"), controller.signal), { code: "aborted" });
  assert.equal(worker.requests.length, 1, "what is aborted before is not sent");
});

for (const [name, reason, ends] of [
  ["the option timeout", new LitmusError("timeout", "too long"), true],
  ["AbortSignal.timeout()", new DOMException("", "TimeoutError"), true],
  ["a plain abort", new DOMException("", "AbortError"), false],
]) {
  test(`${name} ${ends ? "terminates" : "does not terminate"} a worker that does not stop within a second`, async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const worker = new FakeWorker(() => new Promise(() => {}));
    const thread = new WorkerThread(worker);
    const controller = new AbortController();
    const call = thread.send(predict("a"), controller.signal);
    call.catch(() => {});
    controller.abort(reason);
    mock.timers.tick(999);
    assert.equal(worker.terminated, false);
    mock.timers.tick(1);
    assert.equal(worker.terminated, ends);
    assert.equal(thread.broken, ends);
    if (ends) await assert.rejects(call, { code: "closed" });
    mock.timers.reset();
  });
}

test("a worker that stops in time is not terminated later", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const worker = new FakeWorker(rejectWhenAborted);
  const thread = new WorkerThread(worker);
  const controller = new AbortController();
  const call = thread.send(predict("a"), controller.signal);
  controller.abort(new LitmusError("timeout", "too long"));
  await assert.rejects(call);
  mock.timers.tick(5000);
  assert.equal(worker.terminated, false);
  mock.timers.reset();
});
