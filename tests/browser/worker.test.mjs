// Workers start with the first call, end when idle, and are replaced after a crash.
import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntilCached } from "../harness/package-page.mjs";
import { useSite } from "../harness/site.mjs";
import { computed, expectWorkers, watchWorkers } from "../harness/workers.mjs";

/** More than the minute after which idle workers end. */
const LONG_MS = 61_000;

const site = useSite();

async function watchedPage({ clock = false } = {}) {
  const prepare = async (page) => {
    if (clock) await page.clock.install();
    await watchWorkers(page);
  };
  return site.packagePage({ prepare });
}

const create = (page, options) =>
  page.evaluate(async (options) => {
    globalThis.classifier = await litmus.createClassifier(options);
  }, options);

/** The label of a prediction, or the code of its error. */
const attempt = (page) =>
  page.evaluate(() =>
    classifier.predict("a gorgeous movie").then(
      ({ label }) => label,
      ({ code }) => code,
    ),
  );

test("by default, one worker computes; it starts with the first call", async () => {
  const { page, context, errors } = await watchedPage();
  assert.equal(page.workers().length, 0);
  assert.equal(await page.evaluate(async () => (await litmus.predict("a gorgeous movie")).label), "positive");
  await expectWorkers(page, 1);
  assert.match(page.workers()[0].url(), /\/dist\/worker\.js$/);
  assert.deepEqual(await computed(page), [1]);
  await create(page, { workers: 0 });
  assert.equal(await attempt(page), "positive");
  assert.deepEqual(await computed(page), [1], "workers: 0 computes in the page");
  assert.deepEqual(errors, []);
  await context.close();
});

test("the workers of a pool share a batch", async () => {
  const { page, context } = await watchedPage();
  await create(page, { workers: 3 });
  await expectWorkers(page, 1);
  const texts = Array.from({ length: 90 }, (_, i) => (i % 2 ? "a gorgeous movie" : "a bleak, desperate movie"));
  let counts;
  // The first batches may be computed before the other workers are ready.
  for (let round = 1; round <= 50; round++) {
    const labels = await page.evaluate(
      async (texts) => (await classifier.predict(texts)).map(({ label }) => label),
      texts,
    );
    assert.deepEqual(
      labels,
      texts.map((_, i) => (i % 2 ? "positive" : "negative")),
    );
    counts = await computed(page);
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      round * texts.length,
      "each text once",
    );
    if (counts.length === 3 && counts.every((count) => count > 0)) break;
  }
  assert.ok(counts.length === 3 && counts.every((count) => count > 0), counts.join());
  await page.evaluate(() => classifier.close());
  await expectWorkers(page, 0);
  await context.close();
});

test("workers end after a minute without a call, and start again without a network", async () => {
  const { page, context } = await watchedPage({ clock: true });
  await create(page, {});
  assert.equal(await attempt(page), "positive");
  await waitUntilCached(page); // else the next worker would have to download them
  await page.clock.fastForward(LONG_MS / 2);
  assert.equal(await attempt(page), "positive");
  await page.clock.fastForward(LONG_MS / 2);
  await expectWorkers(page, 1); // counted from the last call
  await page.clock.fastForward(LONG_MS);
  await expectWorkers(page, 0);
  assert.equal(await page.evaluate(() => classifier.info.memoryBytes), 0);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  assert.equal(await attempt(page), "positive");
  await expectWorkers(page, 1);
  assert.ok(await page.evaluate(() => classifier.info.memoryBytes > 1e6));
  assert.deepEqual(
    asked.filter((url) => !url.endsWith(".js")),
    [],
  );
  // Without a network, the script of a worker cannot be loaded either: the page computes.
  await page.clock.fastForward(LONG_MS);
  await expectWorkers(page, 0);
  await page.unrouteAll();
  await context.setOffline(true);
  assert.equal(await attempt(page), "positive");
  await context.close();
});

const crashes = {
  "an error": (worker) =>
    worker.evaluate(() => {
      setTimeout(() => {
        throw new Error("killed by a test");
      });
    }),
  "a trap": (worker) => worker.evaluate(() => new Uint8Array(memory.buffer).fill(0xff)),
};

for (const [name, crash] of Object.entries(crashes)) {
  test(`${name} in the worker fails what it was doing, and the next call works`, async () => {
    const { page, context } = await watchedPage();
    await create(page, {});
    assert.equal(await attempt(page), "positive");
    const [worker] = page.workers();
    const [outcomes] = await Promise.all([
      page.evaluate(async () => {
        const texts = Array.from({ length: 2000 }, () => "a gorgeous movie");
        const { signal } = new AbortController(); // computes small batches, so that the crash comes between two of them
        const calls = [classifier.predict(texts, { signal }), classifier.predict("a gorgeous movie")];
        const settled = await Promise.allSettled(calls);
        return settled.map(({ value, reason }) => value?.label ?? { code: reason.code, cause: String(reason.cause) });
      }),
      crash(worker),
    ]);
    assert.equal(outcomes[0].code, "internal");
    assert.notEqual(outcomes[0].cause, "undefined");
    // The other call was queued: a new worker computes it.
    assert.equal(outcomes[1], "positive");
    assert.equal(await attempt(page), "positive");
    await expectWorkers(page, 1);
    assert.notEqual(page.workers()[0], worker);
    await context.close();
  });
}

test("closing rejects running and queued calls, and ends the workers", async () => {
  const { page, context } = await watchedPage();
  await create(page, {});
  const codes = await page.evaluate(async () => {
    const texts = Array.from({ length: 500 }, () => "a gorgeous movie");
    const calls = [classifier.predict(texts), classifier.predict("good"), classifier.tokenize("good")];
    classifier.close();
    return (await Promise.allSettled(calls)).map(({ reason }) => reason?.code);
  });
  assert.deepEqual(codes, ["closed", "closed", "closed"]);
  await expectWorkers(page, 0);
  await context.close();
});

test("where a worker cannot start, the page computes", async () => {
  const { page, context } = await watchedPage();
  await page.unrouteAll();
  await page.route("**/dist/worker.js", (route) => route.fulfill({ status: 404 }));
  await create(page, {});
  assert.equal(await attempt(page), "positive");
  assert.equal(page.workers().length, 0);
  await context.close();
});
