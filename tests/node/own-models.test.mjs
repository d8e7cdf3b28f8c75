// Models of one's own with other outputs than the packaged one: activations, pairs of texts, labels of one's choice. Rust's
// tests/pipelines.rs compares the scores with Hugging Face; here they arrive unchanged.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClassifier } from "litmus-text";

const folder = (name) => join(process.env.LITMUS_FIXTURES, "pipelines", name);
const golden = async (name) => JSON.parse(await readFile(join(folder(name), "golden.json"), "utf8"));
/** Largest difference of a probability and of a logit from Hugging Face's, which int8 weights cause. */
const [PROBABILITY_ERROR, LOGIT_ERROR] = [0.1, 0.5];

let nli;
before(async () => (nli = await createClassifier({ model: folder("nli") })));
after(() => nli.close());

function assertClose({ scores }, expected, tolerance) {
  assert.equal(scores.length, Object.keys(expected).length);
  for (const { label, score } of scores) assert.ok(Math.abs(score - expected[label]) < tolerance, `${label} ${score}`);
}

test("labels without names, one logit and regressions have the scores of Hugging Face's pipeline", async () => {
  for (const [name, activation] of [
    ["two-labels", "softmax"],
    ["one-logit", "sigmoid"],
    ["regression", "none"],
  ]) {
    const classifier = await createClassifier({ model: folder(name) });
    assert.deepEqual([classifier.info.activation, classifier.info.multiLabel], [activation, activation === "sigmoid"]);
    assert.deepEqual(classifier.labels, name === "two-labels" ? ["LABEL_0", "LABEL_1"] : ["LABEL_0"]);
    for (const { text, ...expected } of (await golden(name)).cases) {
      const tolerance = activation === "none" ? LOGIT_ERROR : PROBABILITY_ERROR;
      assertClose(await classifier.predict(text), expected.default, tolerance);
      assertClose(await classifier.predict(text, { activation: "sigmoid" }), expected.sigmoid, PROBABILITY_ERROR);
      const raw = await classifier.predict(text, { activation: "none" });
      assertClose(raw, expected.none, LOGIT_ERROR);
      assert.deepEqual([typeof raw.label, raw.labels], ["string", undefined]);
    }
    await assert.rejects(classifier.predict("not bad", { activation: "none", threshold: 0.5 }), {
      code: "invalid-input",
      message: /activation/,
    });
    classifier.close();
  }
});

test("folders that Trainer and optimum have written load untouched, with the logits of transformers", async () => {
  const trained = join(process.env.LITMUS_FIXTURES, "trained");
  const cases = Object.entries(JSON.parse(await readFile(`${trained}.json`, "utf8")));
  assert.equal(cases.length, 2);
  for (const [name, texts] of cases) {
    const classifier = await createClassifier({ model: join(trained, name) });
    for (const { text, ids, logits } of texts) {
      assert.deepEqual(Array.from((await classifier.tokenize(text)).ids), ids);
      const expected = Object.fromEntries(classifier.labels.map((label, i) => [label, logits[i]]));
      assertClose(await classifier.predict(text, { activation: "none" }), expected, LOGIT_ERROR);
    }
    classifier.close();
  }
});

test("pairs have the scores of the pipeline, alone, in a batch and in a stream", async () => {
  const { cases } = await golden("nli");
  const pairs = cases.map(({ text, pair }) => ({ text, pair }));
  const batch = await nli.predict(pairs);
  for (const [i, { default: expected, ids }] of cases.entries()) {
    assertClose(batch[i], expected, PROBABILITY_ERROR);
    assert.equal(batch[i].tokens, ids.length);
    assert.deepEqual(await nli.predict(pairs[i]), batch[i]);
  }
  const items = [];
  for await (const item of nli.stream([...pairs, "alone", { text: "a", pare: "b" }])) items.push(item);
  assert.deepEqual(
    items.slice(0, 4),
    pairs.map((pair, index) => ({ index, ...pair, prediction: batch[index] })),
  );
  assert.deepEqual([items[4].text, "pair" in items[4], items[5].error.code], ["alone", false, "invalid-input"]);
});

test("the packaged model, and any model whose litmus.json says so, rejects a pair", async () => {
  const classifier = await createClassifier();
  const [text, pair] = ["I loved it", "It was awful"];
  const rejected = { code: "model-unsupported", message: /reads one text, not a pair.*leave the pair out/ };
  await assert.rejects(classifier.predict({ text, pair }), rejected);
  await assert.rejects(classifier.predict([text, { text, pair }]), { ...rejected, index: 1 });
  await assert.rejects(classifier.predict({ text, pair }, { task: "toxicity" }), rejected);
  await assert.rejects(classifier.embed({ text, pair }), rejected);
  const items = [];
  for await (const item of classifier.stream([{ text, pair }, text])) items.push(item);
  assert.deepEqual([items[0].error.code, items[1].prediction.label], ["model-unsupported", "positive"]);
  classifier.close();
});

test("a long text is read with the whole pair, and words are those of the text", async () => {
  const text = "🙂 the dog was so happy, what a day! ".repeat(20);
  const { windows, attributions } = await nli.predict({ text, pair: "the cat is sad" }, { explain: true });
  assert.ok(windows.length > 3 && windows.every(({ tokens }) => tokens <= nli.info.maxTokens));
  for (const { start, end, scores } of windows) {
    assert.deepEqual((await nli.predict({ text: text.slice(start, end), pair: "the cat is sad" })).scores, scores);
  }
  assert.ok(
    attributions.length > 100 && attributions.every(({ start, end, text: word }) => text.slice(start, end) === word),
  );
  await assert.rejects(nli.predict({ text: "a dog", pair: text }), {
    code: "text-too-long",
    message: /shorten the pair/,
  });
  await assert.rejects(nli.predict([{ text: "a dog", pair: " " }]), { code: "empty-text", index: 0 });
  await assert.rejects(nli.predict({ text: "a dog", pair: 1 }), { code: "invalid-input" });
});

test("labels of one's choice have the scores of the zero-shot pipeline", async () => {
  for (const { text, labels, hypothesis, multi_label: multiLabel, scores } of (await golden("nli")).zero_shot) {
    const prediction = await nli.zeroShot(text, labels, { hypothesis, multiLabel });
    assertClose(prediction, scores, PROBABILITY_ERROR);
    assert.equal("labels" in prediction, multiLabel || labels.length === 1);
    assert.deepEqual(await nli.predict([text], { zeroShot: { labels, hypothesis, multiLabel } }), [prediction]);
    assert.deepEqual((await nli.zeroShot([text, text], labels, { hypothesis, multiLabel, topK: 1 }))[1].scores, [
      prediction.scores[0],
    ]);
  }
});

test("zero-shot options are checked, and need a model for inference", async () => {
  for (const [labels, options, message] of [
    [[], {}, /zeroShot\.labels must be an array of 1 to 1000 strings/],
    [["a", 1], {}, /zeroShot\.labels/],
    [["a", "a"], {}, /"a" is given twice/],
    [["a"], { hypothesis: "b" }, /"b" has no \{\}/],
    [["a"], { hypothesis: 1 }, /^hypothesis must be a string/],
    [["a"], { multiLabel: "yes" }, /^multiLabel must be true or false/],
    [["a"], { explain: true }, /explanation/],
    [undefined, {}, /zeroShot\.labels/],
  ]) {
    await assert.rejects(nli.zeroShot("the dog", labels, options), { code: "invalid-input", message });
  }
  await assert.rejects(nli.zeroShot({ text: "the dog", pair: "the cat" }, ["a"]), { code: "invalid-input" });
  const other = await createClassifier({ model: folder("two-labels") });
  await assert.rejects(other.zeroShot("the dog", ["a", "b"]), { code: "model-unsupported", message: /"entail"/ });
  other.close();
});

test("special tokens that a text spells are text unless asked for", async () => {
  const tokens = async (options) => (await nli.predict("dog [SEP] cat", options)).tokens;
  assert.deepEqual(
    [await tokens(), await tokens({ specialTokens: "text" }), await tokens({ specialTokens: "special" })],
    [7, 7, 5],
  );
  assert.equal((await nli.tokenize("dog [SEP] cat")).ids.length, 7);
});
