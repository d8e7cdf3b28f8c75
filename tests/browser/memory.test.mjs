// Closing gives everything back: to the machine, not only to the garbage collector.
import assert from "node:assert/strict";
import { test } from "node:test";
import { residentBytes } from "../harness/memory.mjs";
import { useSite } from "../harness/site.mjs";

const CLASSIFIERS = 50;
/** Cycles until what is allocated once, code and caches, is there. */
const WARM_UP = 10;

const site = useSite();

test(`${CLASSIFIERS} classifiers, created and closed, leave nothing behind`, { timeout: 600_000 }, async (t) => {
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
  assert.ok(start > each, "the processes can be seen");
  await cycles(CLASSIFIERS - WARM_UP);
  let grown;
  // Workers end when their threads get to it.
  for (let tries = 0; tries < 20; tries++) {
    grown = (await residentBytes(site.browser, page)) - start;
    if (grown < 2 * each) break;
  }
  t.diagnostic(`${(grown / 1e6).toFixed(1)} MB more than ${(start / 1e6).toFixed(1)} MB, and a classifier has ${(each / 1e6).toFixed(1)} MB`);
  // One that was kept would show 40 times.
  assert.ok(grown < 2 * each, `${grown} bytes more`);
  assert.equal(page.workers().length, 0);
  await context.close();
});
