// Size and responsiveness of the demo: bytes of the first view and of each part, layout shifts, long tasks, and time to the
// next paint while rows are labelled.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { traced } from "../../benches/trace.mjs";
import { downloads } from "../../tools/downloads.mjs";
import { root } from "../../tools/paths.mjs";
import { site as folder } from "../../tools/site.mjs";
import { useSite } from "../harness/site.mjs";
import { ready, SENTENCE, untilCached } from "./demo.mjs";

/**
 * Bytes of HTML, CSS and JavaScript under brotli 11, papaparse among them; the package's own are in tests/budget.mjs. The
 * first view is what the page requests before anything is opened, in either language; a part is what is requested in addition
 * when it is opened after the parts above it in this list.
 */
const BYTES = {
  "first view": 23_000,
  "links": 1_600,
  "tasks": 4_800,
  "texts of the parts": 2_000,
  "bulk": 18_000,
  "teach": 8_000,
  "model": 4_000,
  "speed": 2_000,
  "other language": 7_200,
  "service worker": 4_000,
};
/** Bytes of the first view and of the package's JavaScript together. */
const FIRST_VIEW = 42_000;
/**
 * Files by their part that the page does not request itself, only in a case that the test does not make, or with whichever part
 * is opened first.
 */
const UNSEEN = {
  "texts of the parts": ["strings/en-parts.js"],
  "bulk": ["rows-worker.js", "papaparse.min.js", "drop.js"],
  "model": ["fetcher.html", "fetcher.js"],
  "service worker": ["sw.js", "precache.js"],
};
const LAYOUT_SHIFT = 0.02;
/**
 * Milliseconds: the longest task of the main thread in processor time, and from an interaction to the paint that shows
 * it.
 */
const TASK_MS = 50;
const INTERACTION_MS = 100;
/** Milliseconds from a key to its paint on an idle page. It takes two frames; longer means that the machine is busy. */
const BUSY_MS = 48;
/** The best of so many tries counts, because the machine may be busy with something else. */
const TRIES = 3;

const site = useSite();

/** The files of code that the page requests, by their paths in the site. Grows as it happens. */
function requestedFiles(page) {
  const files = new Set();
  page.on("request", (request) => {
    if (!request.url().startsWith(site.url)) return;
    const path = new URL(request.url()).pathname.slice(1) || "index.html";
    if (isCode(path)) files.add(path);
  });
  return files;
}

/** The documentation is a site of its own. */
const isCode = (path) => /\.(html|css|m?js)$/.test(path) && !/^docs\b/.test(path);
/** The package has budgets of its own. */
const isOfDemo = (path) => isCode(path) && !path.startsWith("litmus-text/");

/** Opens the page and has a text read. Opens no part. */
async function openFirstView(locale) {
  const { page, context } = await site.newPage({ viewport: { width: 1440, height: 900 }, locale });
  const requested = requestedFiles(page);
  await page.goto(site.url);
  await page.locator("#idle").waitFor();
  await page.locator("#text").fill(SENTENCE);
  await page.locator("#weights li").first().waitFor();
  await untilCached(page);
  return { page, context, requested };
}

/** Opens one part after another. Resolves to the files that each of them requests in addition. */
async function filesByPart() {
  const { page, context, requested } = await openFirstView("en");
  const found = {};
  const seen = new Set(Object.values(UNSEEN).flat());
  const take = (part) => {
    found[part] = [...requested].filter((path) => isOfDemo(path) && !seen.has(path)).concat(UNSEEN[part] ?? []);
    for (const path of requested) seen.add(path);
  };
  take("first view");
  await page.locator("#share").focus();
  await page.waitForFunction(
    () => performance.getEntriesByName(new URL("small-head.js", document.baseURI).href).length,
  );
  take("links");
  await page.getByRole("tab", { name: "Emotion" }).click();
  await page.locator("#emotions li").first().waitFor();
  await page.getByRole("tab", { name: "Toxicity" }).click();
  await page.locator("#gauges input").first().waitFor();
  // Events from here on, because scrolling would open the next part, too.
  await page.locator("#long-example").dispatchEvent("click");
  await page.locator("#passages").waitFor();
  take("tasks");
  const open = async (part, ready) => {
    await page.locator(`#${part}-title`).dispatchEvent("click");
    await page.waitForFunction(ready);
    take(part);
  };
  take("texts of the parts");
  await open("bulk", () => document.querySelector("#bulk-tasks input"));
  await page.locator("#teach-sample").dispatchEvent("click");
  await page.locator("#teach-labels li").nth(2).waitFor();
  take("teach");
  await page.locator("#model-title").dispatchEvent("click");
  await page.locator("#model-folder").setInputFiles(join(root, "tests/fixtures/bad/no-labels"));
  await page.locator("#model-failure").waitFor();
  take("model");
  await open("speed", () => document.querySelector("#speed-charts figure"));
  await page.locator("#language").click();
  await page.locator("#examples:lang(zh-Hans)").waitFor();
  await page.locator("#long-example").dispatchEvent("click");
  await page.locator("#passages:lang(zh-Hans)").waitFor();
  await page.locator("#teach-sample").dispatchEvent("click");
  await page.locator("#teach-labels li").nth(5).waitFor();
  take("other language");
  take("service worker");
  await context.close();
  return found;
}

const bytes = async (path) => brotliCompressSync(await readFile(join(folder, path))).length;
const sumOf = async (paths) => (await Promise.all(paths.map(bytes))).reduce((sum, each) => sum + each, 0);

for (const locale of ["en", "zh-CN"]) {
  test(`the first view of the page in ${locale} is within its budgets`, async (t) => {
    const { context, requested } = await openFirstView(locale);
    await context.close();
    const own = await sumOf([...requested].filter(isOfDemo));
    t.diagnostic(`first view: ${own} of ${BYTES["first view"]} bytes`);
    assert.ok(own <= BYTES["first view"], `first view: ${own} bytes`);
    const scripts = (await downloads()).JavaScript.map((path) => `litmus-text/${path}`); // with those of the worker
    const all = await sumOf([...new Set([...requested, ...scripts])]);
    t.diagnostic(`first view and the package: ${all} of ${FIRST_VIEW} bytes`);
    assert.ok(all <= FIRST_VIEW, `first view and the package: ${all} bytes`);
  });
}

test("every part is within its budget, and every file is in one of them", async (t) => {
  const parts = await filesByPart();
  const over = [];
  let total = 0;
  for (const [part, most] of Object.entries(BYTES)) {
    const sum = await sumOf(parts[part]);
    t.diagnostic(`${part}: ${sum} of ${most} bytes`);
    total += sum;
    if (sum === 0 || sum > most) over.push(`${part}: ${sum} bytes`);
  }
  t.diagnostic(`in all: ${total} bytes`);
  assert.deepEqual(over, []);
  const all = (await readdir(folder, { recursive: true })).filter(isOfDemo).sort();
  assert.deepEqual(Object.values(parts).flat().sort(), all);
});

/** Records layout shifts and interactions from the start of the page. */
const observe = () => {
  globalThis.seen = { shift: 0, interactions: [] };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    for (const { interactionId, duration, name } of list.getEntries())
      if (interactionId > 0) seen.interactions.push([name, duration]);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
};

/** Repeats a visit until it is within the limits. Resolves to the measurements of the best one. */
async function best(visit, badness) {
  let result;
  for (let i = 0; i < TRIES; i++) {
    const seen = await visit();
    if (result === undefined || badness(seen) < badness(result)) result = seen;
    if (badness(result) <= 1) break;
  }
  return result;
}

for (const [device, viewport] of [
  ["phone", { width: 390, height: 844 }],
  ["desktop", { width: 1440, height: 900 }],
]) {
  test(`loading and typing on a ${device}: no shift over ${LAYOUT_SHIFT}, no task over ${TASK_MS} ms`, async (t) => {
    const visit = async () => {
      const { page, context } = await site.newPage({ viewport });
      await page.addInitScript(observe);
      const { tasksMs } = await traced(page, async () => {
        await page.goto(site.url);
        await page.locator("#idle").waitFor();
        await page.locator("#text").pressSequentially(SENTENCE, { delay: 40 });
        await page.locator("#weights li").first().waitFor();
        await untilCached(page);
      });
      const { shift } = await page.evaluate(() => seen);
      await context.close();
      return { shift, longest: tasksMs[0] };
    };
    const { shift, longest } = await best(visit, ({ shift, longest }) =>
      Math.max(shift / LAYOUT_SHIFT, longest / TASK_MS),
    );
    t.diagnostic(`layout shift ${shift.toFixed(4)}, longest task ${longest.toFixed(1)} ms`);
    assert.ok(shift <= LAYOUT_SHIFT, `shifted by ${shift}`);
    assert.ok(longest <= TASK_MS, `${longest} ms`);
  });
}

test(`while rows are labelled, interactions are painted within ${INTERACTION_MS} ms`, async (t) => {
  const slowest = (page) => page.evaluate(() => seen.interactions.splice(0).sort(([, a], [, b]) => b - a));
  const visit = async () => {
    const { page, context } = await ready(site);
    // Loads the fonts of both scripts: the first letters of a script are slow.
    for (let i = 0; i < 2; i++) {
      await page.locator("#language").click();
      await page.locator("#idle").waitFor(); // the language has a model of its own
    }
    await untilCached(page);
    await page.locator("#bulk-paste").fill("nothing");
    await page.waitForTimeout(500);
    await page.evaluate(observe);
    await page.waitForTimeout(100);
    await slowest(page); // discard the events until now
    await page.locator("#bulk-paste").pressSequentially("nothing", { delay: 60 });
    await page.waitForTimeout(300);
    const [[, idle] = ["", 0]] = await slowest(page);
    await page.locator("#bulk-sample").click();
    await page.locator("#bulk-start").click();
    await page.locator("#bulk-status", { hasText: "%" }).waitFor();
    await slowest(page);
    const { tasksMs } = await traced(page, async () => {
      await page.locator("th.score button").click();
      await page.locator("#bulk-table").hover();
      await page.mouse.wheel(0, 400);
      await page.locator("th.row button").click();
      await page.locator("#bulk-pause").click();
      await page.locator("#bulk-pause").click();
      await page.locator("#text").click();
      await page.keyboard.type(SENTENCE, { delay: 30 });
      await page.locator("#explain").click();
      await page.locator("#language").click();
      await page.waitForTimeout(500);
    });
    assert.match(await page.locator("#bulk-status").textContent(), /%/, "labelling goes on meanwhile");
    const events = await slowest(page);
    await context.close();
    return { idle, events, longest: tasksMs[0] };
  };
  // If even an idle page is slow, the machine is busy: then only processor time is judged.
  const busy = ({ idle }) => idle > BUSY_MS;
  const badness = (seen) => Math.max(seen.longest / TASK_MS, busy(seen) ? 0 : seen.events[0][1] / INTERACTION_MS);
  const seen = await best(visit, badness);
  const shown = seen.events
    .slice(0, 4)
    .map(([name, ms]) => `${name} ${ms}`)
    .join(", ");
  t.diagnostic(
    `of ${seen.events.length} events the slowest, in ms: ${shown}; idle: ${seen.idle}; longest task: ${seen.longest.toFixed(1)}`,
  );
  assert.ok(seen.events.length > 10, "hardly any events were seen");
  assert.ok(seen.longest <= TASK_MS, `a task of ${seen.longest} ms`);
  if (!busy(seen)) assert.ok(seen.events[0][1] < INTERACTION_MS, shown);
});
