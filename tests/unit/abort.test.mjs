import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { mock, test } from "node:test";
import { deferred, settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { abortError, follow, LitmusError, throwIfAborted, unlessAborted, whenAborted, withSignal } = await importSource(
  "shared/abort.ts",
  "shared/errors.ts",
);

test("an abort has the signal's reason as its cause", () => {
  const error = abortError(AbortSignal.abort("enough"));
  assert.deepEqual([error.code, error.name, error.cause], ["aborted", "AbortError", "enough"]);
});

test("a signal that ran out is a timeout, also through AbortSignal.any", async () => {
  const timeout = AbortSignal.timeout(1);
  const any = AbortSignal.any([new AbortController().signal, timeout]);
  await new Promise((resolve) => any.addEventListener("abort", resolve));
  for (const signal of [timeout, any]) {
    const error = abortError(signal);
    assert.deepEqual([error.code, error.name, error.cause], ["timeout", "TimeoutError", signal.reason]);
  }
});

test("our own timeout passes through nested signals as it is", () => {
  const reason = new LitmusError("timeout", "the call took longer than 5 ms");
  assert.equal(abortError(AbortSignal.abort(reason)), reason);
});

test("throwIfAborted throws only if the signal is aborted", () => {
  throwIfAborted(undefined);
  throwIfAborted(new AbortController().signal);
  assert.throws(() => throwIfAborted(AbortSignal.abort()), { code: "aborted" });
});

test("unlessAborted settles like its promise, or with the abort that comes first", async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(1), signal), 1);
  await assert.rejects(unlessAborted(Promise.reject(new RangeError("no")), signal), RangeError);
  await assert.rejects(unlessAborted(new Promise(() => {}), AbortSignal.abort()), { code: "aborted" });
  const controller = new AbortController();
  const never = unlessAborted(new Promise(() => {}), controller.signal);
  controller.abort();
  await assert.rejects(never, { code: "aborted" });
});

test("listeners are removed when no call waits any more", async () => {
  const { signal } = new AbortController();
  await unlessAborted(Promise.resolve(), signal);
  whenAborted(signal, () => assert.fail())();
  follow({ signal }, new AbortController())();
  await withSignal({ signal }, async () => {});
  await new Promise(setImmediate);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("withSignal gives the work a signal that the options abort", async () => {
  const reason = new Error("enough");
  await withSignal({ signal: AbortSignal.abort(reason) }, async (signal) => assert.equal(signal.reason, reason));
  const controller = new AbortController();
  await withSignal({ signal: controller.signal }, async (signal) => {
    assert.equal(signal.aborted, false);
    controller.abort(reason);
    assert.equal(signal.reason, reason);
  });
});

test("withSignal aborts its signal at the end, and stops its timer", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let signal;
  await withSignal({ timeout: 1000 }, async (its) => (signal = its));
  const { reason } = signal;
  assert.equal(reason.name, "AbortError");
  mock.timers.tick(2000);
  assert.equal(signal.reason, reason);
  mock.timers.reset();
});

test("a call that has ended leaves no timer behind", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  await withSignal({ timeout: 1_000_000 }, async () => assert.equal(timers(), before + 1));
  assert.equal(timers(), before);
});

test("a timeout aborts after its milliseconds", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const work = deferred();
  const call = withSignal({ timeout: 1000 }, (signal) => unlessAborted(work.promise, signal));
  let ended = false;
  call.catch(() => (ended = true));
  mock.timers.tick(999);
  await settled();
  assert.equal(ended, false);
  mock.timers.tick(1);
  await assert.rejects(call, { code: "timeout", name: "TimeoutError", message: "the call took longer than 1000 ms" });
  mock.timers.reset();
});
