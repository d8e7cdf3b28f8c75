// Short texts of concurrent callers are predicted in batches. The classifier is a small one of this file, which finishes a
// batch only when the test says so.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { importSource } from "./source.mjs";

const { LitmusError, microBatching } = await importSource("handler/micro-batching.ts", "shared/errors.ts");

const MAX_BATCHES = 2;

/** The running batches, oldest first: their texts, their options, and functions that end them. */
let batches;
let predictor;
beforeEach(() => {
  batches = [];
  const classifier = {
    info: { labels: ["good"] },
    predict: async (text) => ({ alone: text }),
    async *stream(texts, options) {
      await new Promise((finish, fail) => batches.push({ texts, options, finish, fail }));
      for (const [index, text] of texts.entries()) {
        if (text === " ") yield { index, text, error: new LitmusError("empty-text", "no tokens", { index }) };
        else yield { index, text, prediction: { text, ...options } };
      }
    },
  };
  predictor = microBatching(classifier, MAX_BATCHES);
});

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Ends the batches one after another, until none is left. */
async function finishAll() {
  const sizes = [];
  for (let done = 0; ; done++) {
    await nextTurn();
    if (done === batches.length) return sizes;
    sizes.push(batches[done].texts.length);
    batches[done].finish();
  }
}

test("texts that arrive while all batches run wait, and share the next ones", async () => {
  const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
  const predictions = Promise.all(texts.map((text) => predictor.predict(text)));
  await nextTurn();
  assert.deepEqual(
    batches.map(({ texts }) => texts),
    [["text 0"], ["text 1"]],
  );
  assert.deepEqual(await finishAll(), [1, 1, 16, 16, 6]);
  assert.deepEqual(
    await predictions,
    texts.map((text) => ({ text })),
  );
});

test("a batch has texts with the same options only, and the groups take turns", async () => {
  const first = [predictor.predict("a"), predictor.predict("b")];
  const waiting = Array.from({ length: 20 }, (_, i) => predictor.predict(`text ${i}`));
  const top1 = predictor.predict("c", { topK: 1 });
  const sizes = await finishAll();
  assert.deepEqual(sizes, [1, 1, 16, 1, 4]);
  assert.deepEqual(
    batches.map(({ options }) => options),
    [{}, {}, {}, { topK: 1 }, {}],
  );
  assert.deepEqual(await top1, { text: "c", topK: 1 });
  await Promise.all([...first, ...waiting]);
});

test("a bad text rejects its own call, without an index, and no other", async () => {
  const calls = ["a", "b", "c", " ", "d"].map((text) => predictor.predict(text));
  const outcomes = Promise.allSettled(calls);
  await finishAll();
  const [a, b, c, bad, d] = await outcomes;
  assert.deepEqual(
    [a, b, c, d].map(({ value }) => value.text),
    ["a", "b", "c", "d"],
  );
  assert.deepEqual([bad.reason.code, bad.reason.index], ["empty-text", undefined]);
});

test("a failed batch rejects its calls, and the next batch runs", async () => {
  const calls = ["a", "b", "c", "d"].map((text) => predictor.predict(text));
  const outcomes = Promise.allSettled(calls);
  await nextTurn();
  batches[0].fail(new Error("crashed"));
  batches[1].finish();
  await nextTurn();
  batches[2].finish();
  const [a, b, c, d] = await outcomes;
  assert.equal(a.reason.code, "internal");
  assert.deepEqual(
    [b, c, d].map(({ value }) => value.text),
    ["b", "c", "d"],
  );
});

test("an aborted call rejects at once, and its waiting text is not computed", async () => {
  const running = [predictor.predict("a"), predictor.predict("b")];
  const controller = new AbortController();
  const aborted = predictor.predict("c", { signal: controller.signal });
  const waiting = predictor.predict("d");
  controller.abort();
  await assert.rejects(aborted, { code: "aborted" });
  await finishAll();
  assert.deepEqual(
    batches.map(({ texts }) => texts),
    [["a"], ["b"], ["d"]],
  );
  await Promise.all([...running, waiting]);
});

test("long texts, explanations, timeouts and progress go to the classifier alone", async () => {
  const long = "x".repeat(501);
  assert.deepEqual(await predictor.predict(long), { alone: long });
  for (const options of [{ explain: true }, { timeout: 100 }, { onProgress: () => {} }]) {
    assert.deepEqual(await predictor.predict("a", options), { alone: "a" });
  }
  assert.deepEqual(batches, []);
  assert.deepEqual(predictor.info, { labels: ["good"] });
});
