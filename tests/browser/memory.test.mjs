// Closing a classifier frees its memory for the system, not only for the garbage collector.
import assert from "node:assert/strict";
import { test } from "node:test";
import { residentBytes } from "../harness/memory.mjs";
import { useSite } from "../harness/site.mjs";

const CLASSIFIERS = 50;
/** Cycles before the first measurement, for one-time allocations of code and caches. */
const WARM_UP = 10;

const site = useSite();

test(`${CLASSIFIERS} classifiers, created and closed, leave no memory behind`, { timeout: 600_000 }, async (t) => {
  const { page, context } = await site.packagePage();
  const cycles = (count) =>
    page.evaluate(async (count) => {
      let memoryBytes;
      for (let i = 0; i < count; i++) {
        const classifier = await litmus.createClassifier();
        await classifier.predict("a gorgeous movie");
        ({ memoryBytes } = classifier.info);
        classifier.close();
      }
      return memoryBytes;
    }, count);
  const each = await cycles(WARM_UP);
  const start = await residentBytes(site.browser, page);
  assert.ok(start > each, "the memory of the processes is measured");
  await cycles(CLASSIFIERS - WARM_UP);
  let grown;
  // Workers end asynchronously.
  for (let tries = 0; tries < 20; tries++) {
    grown = (await residentBytes(site.browser, page)) - start;
    if (grown < 2 * each) break;
  }
  t.diagnostic(
    `${(grown / 1e6).toFixed(1)} MB more than ${(start / 1e6).toFixed(1)} MB, and a classifier has ${(each / 1e6).toFixed(1)} MB`,
  );
  // A leak of each classifier would be 40 times as much.
  assert.ok(grown < 2 * each, `${grown} bytes more`);
  assert.equal(page.workers().length, 0);
  await context.close();
});
