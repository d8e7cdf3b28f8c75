// The score of a text has the same bits in every browser and runtime, alone or in any batch.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inBrowsers } from "../harness/in-browsers.mjs";
import { serveSite } from "../harness/site.mjs";
import { scores } from "./pages/scores.mjs";
import { numbers, texts } from "./texts.mjs";

const LIMIT = 300_000;

async function inNode(json, order, isMultilingual) {
  const model = isMultilingual ? (await import("litmus-text/multilingual")).multilingual : undefined;
  return scores(await import("litmus-text"), json, order, model);
}

/** `all` in a random order, the same in each run. */
function shuffled(all) {
  const below = numbers(7);
  return all.reduceRight(
    (list, _, i) => {
      const j = below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
      return list;
    },
    [...all],
  );
}

function same(actual, expected, all) {
  assert.equal(actual.length, expected.length);
  const different = all.map((_, i) => i).filter((i) => actual[i] !== expected[i]);
  const shown = different
    .slice(0, 5)
    .map((i) => `${JSON.stringify(all[i].slice(0, 60))}: ${actual[i]}; not ${expected[i]}`);
  assert.equal(
    different.length,
    0,
    `${different.length} of ${all.length} texts have other scores\n${shown.join("\n")}`,
  );
}

/** Compares the scores of all runtimes with those of Node, text by text. */
async function compare(t, all, isMultilingual) {
  const json = JSON.stringify(all);
  const order = shuffled([...all.keys()]);
  const server = await serveSite();
  t.after(() => server.close());
  const seen = {
    Node: await inNode(json, order, isMultilingual),
    ...(await inBrowsers(`${server.url}pages/scores.html`, "scores", json, order, isMultilingual)),
  };
  for (const [where, ways] of Object.entries(seen)) {
    for (const [way, scores] of Object.entries(ways)) {
      await t.test(`${where}, ${way}`, () => same(scores, seen.Node.alone, all));
    }
  }
}

test("scores of 200 texts are bit-identical between Chromium, Firefox, WebKit and Node, alone or batched", {
  timeout: 3 * LIMIT,
}, async (t) => {
  const all = await texts();
  assert.equal(new Set(all).size, 200);
  await compare(t, all, false);
});

test("scores of 50 texts by the multilingual model are bit-identical, too", { timeout: 3 * LIMIT }, async (t) => {
  const all = (await texts()).filter((_, i) => i % 4 === 0);
  assert.ok(all.some((text) => /\p{Script=Han}/u.test(text)));
  await compare(t, all, true);
});
