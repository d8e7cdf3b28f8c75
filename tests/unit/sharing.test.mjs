// Work that several callers share, and several works of one caller: memoize, singleFlight and inOrder.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { inOrder, LitmusError, memoize, singleFlight } = await importSource(
  "shared/in-order.ts",
  "shared/memoize.ts",
  "shared/single-flight.ts",
  "shared/errors.ts",
);

const { signal } = new AbortController();

test("memoize computes once, and again after a failure", async () => {
  let calls = 0;
  const load = memoize(async () => {
    if (++calls === 1) throw new Error("offline");
    return calls;
  });
  await assert.rejects(load(), { message: "offline" });
  assert.deepEqual(await Promise.all([load(), load()]), [2, 2]);
  assert.equal(await load(), 2);
});

test("callers who come during a flight share it", async () => {
  const work = deferred();
  let flights = 0;
  const fly = () =>
    singleFlight("a", signal, () => {
      flights++;
      return work.promise;
    });
  const both = [fly(), fly()];
  const other = singleFlight("b", signal, async () => "b");
  work.resolve("a");
  assert.deepEqual(await Promise.all([...both, other]), ["a", "a", "b"]);
  assert.equal(flights, 1);
  await fly();
  assert.equal(flights, 2, "a later caller starts another");
});

test("a failure of the work rejects every caller", async () => {
  const work = deferred();
  const calls = [1, 2].map(() => singleFlight("a", signal, () => work.promise));
  work.reject(new LitmusError("download-failed", "offline"));
  for (const { reason } of await Promise.allSettled(calls)) assert.equal(reason.code, "download-failed");
});

for (const code of ["aborted", "timeout", "closed", "internal"]) {
  test(`if the first caller's work ends with ${code}, another caller does it`, async () => {
    const work = deferred();
    const first = singleFlight("a", signal, () => work.promise);
    let flights = 0;
    const others = [2, 3].map((result) =>
      singleFlight("a", signal, async () => {
        flights++;
        return result;
      }),
    );
    work.reject(new LitmusError(code, ""));
    await assert.rejects(first, { code });
    assert.deepEqual(await Promise.all(others), [2, 2]);
    assert.equal(flights, 1);
  });
}

test("one waiting caller can be aborted without the others", async () => {
  const work = deferred();
  const controller = new AbortController();
  const first = singleFlight("a", signal, () => work.promise);
  const second = singleFlight("a", controller.signal, () => assert.fail());
  controller.abort();
  await assert.rejects(second, { code: "aborted" });
  work.resolve(1);
  assert.equal(await first, 1);
});

test("inOrder resolves like Promise.all, and rejects with the error of the first promise that rejects", async () => {
  assert.deepEqual(await inOrder([Promise.resolve(1), Promise.resolve("a")]), [1, "a"]);
  assert.deepEqual(await inOrder([]), []);
  const [first, second] = [deferred(), deferred()];
  const both = inOrder([first.promise, second.promise]);
  second.reject(new Error("second"));
  await new Promise(setImmediate); // a rejection that nobody handles would be reported now
  first.reject(new Error("first"));
  await assert.rejects(both, { message: "first" });
});
