// Explanations, thresholds, windows and progress, in the calling thread.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { createClassifier, LitmusError } from "litmus-text";
import { computed } from "./instances.mjs";

let classifier;
before(async () => (classifier = await createClassifier()));

/** The most rows of a batch. */
const BATCH = 32;

const DULL = "unspeakably dull, but the ending is good";
/** A text of this many sentences. From 60 on, it is longer than the model reads at once. */
const long = (sentences) => "The story has no middle and no end. ".repeat(sentences);

/** Texts whose offsets differ in bytes, code points and UTF-16 code units, some with lone surrogates. */
const odd = [
  "👨‍👩‍👧‍👦 What a film!\r\nA joy 🙂🙂.",
  "Cafe\u0301 sce\u0301nes, nai\u0308ve and good",
  "素晴らしい映画でした。Good 𝒳 film",
  "שלום, a good film, كان الفيلم جميلا",
  "lone \ud83d good \ude42 film \ud83d",
  "a\0 good\0 film\ufeff and\u200d bad",
  " \t good\u00a0film \r\n",
];

function checkOffsets(text, { windows, attributions }) {
  let end = 0;
  for (const word of attributions) {
    assert.equal(word.text, text.slice(word.start, word.end));
    assert.ok(word.text.trim() && word.start >= end && Math.abs(word.weight) <= 1, JSON.stringify([text, word]));
    ({ end } = word);
  }
  let read = 0;
  for (const window of windows) {
    assert.equal(text.slice(read, window.start).trim(), "", "nothing is left out");
    assert.ok(window.end > read && window.end <= text.length);
    read = window.end;
  }
  assert.equal(text.slice(read).trim(), "");
}

test("the words of an explanation have offsets into the string, whatever it contains", async () => {
  for (const text of odd) {
    const prediction = await classifier.predict(text, { explain: true });
    assert.ok(
      prediction.attributions.some(({ text }) => /^(good|joy)$/i.test(text)),
      text,
    );
    checkOffsets(text, prediction);
  }
  // The tokenizer drops the control character: the model reads one word.
  const glued = await classifier.predict("a\0good film", { explain: true });
  assert.deepEqual(
    glued.attributions.map(({ text }) => text),
    ["a\0good", "film"],
  );
  const tiny = await createClassifier({ model: join(process.env.LITMUS_FIXTURES, "tiny") });
  for (const text of odd.map((each) => `${each} `.repeat(100))) {
    const prediction = await tiny.predict(text, { explain: true });
    assert.ok(prediction.windows.length > 1);
    checkOffsets(text, prediction);
  }
  tiny.close();
});

test("an explanation is of the predicted label or of a given one, by either method", async () => {
  const { label, attributions } = await classifier.predict(DULL, { explain: true });
  assert.deepEqual(
    attributions.map(({ text }) => text),
    ["unspeakably", "dull", ",", "but", "the", "ending", "is", "good"],
  );
  assert.deepEqual((await classifier.predict(DULL, { explain: { label } })).attributions, attributions);
  assert.equal((await classifier.predict(DULL, { explain: false })).attributions, null);
  for (const method of ["occlusion", "shapley"]) {
    const of = async (label) => (await classifier.predict(DULL, { explain: { label, method } })).attributions;
    const weight = (words, word) => words.find(({ text }) => text === word).weight;
    const [positive, negative] = [await of("positive"), await of("negative")];
    assert.ok(weight(positive, "good") > 0 && weight(positive, "dull") < 0, method);
    assert.ok(weight(negative, "good") < 0 && weight(negative, "dull") > 0, method);
  }
  const sampled = async (seed) =>
    (await classifier.predict(DULL, { explain: { method: "shapley", samples: 3, seed } })).attributions;
  assert.deepEqual(await sampled(5), await sampled(5));
  assert.notDeepEqual(await sampled(5), await sampled(6));
});

test("an explanation computes one row for each word", async () => {
  const before = computed;
  await classifier.predict(DULL, { explain: true });
  assert.equal(computed - before, 9);
});

test("below the threshold, the label is null and all scores are there", async () => {
  const sure = await classifier.predict(DULL);
  assert.equal(typeof sure.label, "string");
  const { label, ...rest } = await classifier.predict(DULL, { threshold: 1 });
  assert.equal(label, null);
  assert.deepEqual({ label: sure.label, ...rest }, sure);
  assert.equal((await classifier.predict(DULL, { threshold: sure.score * 0.999 })).label, sure.label);
});

test("a long text is read in windows, truncated or rejected", async () => {
  const text = long(100);
  const { maxTokens } = classifier.info;
  const all = await classifier.predict(text);
  assert.equal(all.truncated, false);
  assert.ok(all.windows.length > 5);
  checkOffsets(text, { ...all, attributions: [] });
  for (const { start, end, tokens, scores } of all.windows) {
    const alone = await classifier.predict(text.slice(start, end));
    assert.deepEqual([alone.tokens, alone.scores], [tokens, scores]);
    assert.match(text.slice(start, end), /^The .*end\.$/);
  }
  const cut = await classifier.predict(text, { longText: "truncate" });
  assert.deepEqual([cut.truncated, cut.tokens, cut.windows.length], [true, maxTokens, 1]);
  const [{ end }] = cut.windows;
  assert.deepEqual((await classifier.predict(text.slice(0, end), { longText: "error" })).scores, cut.scores);
  const { ids } = await classifier.tokenize(text);
  await assert.rejects(classifier.predict(["good", text], { longText: "error" }), (error) => {
    assert.ok(error instanceof LitmusError);
    assert.deepEqual([error.code, error.index], ["text-too-long", 1]);
    return error.message.startsWith(`the text has ${ids.length} tokens, the model reads ${maxTokens}: `);
  });
});

test("a stream takes the same options", async () => {
  const items = [];
  for await (const item of classifier.stream([DULL, long(100), "good"], {
    longText: "error",
    threshold: 1,
    explain: true,
  })) {
    items.push(item);
  }
  const [dull, tooLong, good] = items;
  assert.equal(tooLong.error.code, "text-too-long");
  assert.deepEqual([dull.prediction.label, good.prediction.label], [null, null]);
  assert.deepEqual(dull.prediction, await classifier.predict(DULL, { threshold: 1, explain: true }));
  await assert.rejects(classifier.stream(["good"], { explain: { label: "joy" } }).next(), { code: "invalid-input" });
});

test("a text in a script of none of the model's languages has a warning", async () => {
  assert.deepEqual(classifier.info.languages, ["en"]);
  const texts = ["这部电影太长了,我睡着了两次。", "Очень плохой фильм", "Una película estupenda"];
  const found = (await classifier.predict(texts)).map(({ warnings }) => warnings.includes("other-script"));
  assert.deepEqual(found, [true, true, false]);
});

test("the words of an explanation are slices of the text in any script", async () => {
  const words = async (text) => {
    const { attributions } = await classifier.predict(text, { explain: true });
    return attributions.map((word) => word.text);
  };
  assert.deepEqual(await words("😀 很好……！ good"), ["😀", "很", "好", "……！", "good"]);
  assert.deepEqual(await words("שלום, good"), ["שלום", ",", "good"]);
});

test("a text of mostly unknown tokens has a warning", async () => {
  const texts = ["这部电影太长了,我睡着了两次。", "หนังเรื่องนี้สนุกมาก", "\ufffd\u0007\ufffd\ufffd§\ufffd"];
  for (const { warnings } of await classifier.predict(texts)) assert.equal(warnings.at(-1), "mostly-unknown-tokens");
  assert.deepEqual((await classifier.predict(DULL)).warnings, []);
  assert.ok((await classifier.tokenize(texts[1])).unknownFraction > 0.5);
  assert.equal((await classifier.tokenize(DULL)).unknownFraction, 0);
});

test("progress counts computed rows, and does not change the predictions", async () => {
  const seen = async (texts, options) => {
    const progress = [];
    const predictions = await classifier.predict(texts, { ...options, onProgress: (each) => progress.push(each) });
    assert.deepEqual(predictions, await classifier.predict(texts, options));
    return progress;
  };
  const rises = (events, total, least) => {
    assert.ok(events.length >= least, `${events.length} events`);
    assert.deepEqual(
      [events[0], events.at(-1)],
      [
        { done: 0, total },
        { done: total, total },
      ],
    );
    assert.ok(events.slice(1).every((event, i) => event.total === total && event.done > events[i].done));
  };
  const { windows } = await classifier.predict(long(100));
  rises(await seen(long(100)), windows.length, windows.length / 4);
  rises(await seen(["good", DULL], { explain: true }), 2 + 1 + 8, 4);
  // The second part of these is not tokenised when the first begins: `total` grows.
  const last = (await seen([...Array.from({ length: 300 }, () => "good"), long(100)])).at(-1);
  assert.deepEqual(last, { done: 300 + windows.length, total: 300 + windows.length });
});

test("an abort ends a long text between two batches of windows, and an explanation between two of variants", async () => {
  for (const [text, options] of [[long(1000)], [DULL, { explain: { method: "shapley", samples: 1000 } }]]) {
    const controller = new AbortController();
    const before = computed;
    let heard = 0;
    const onProgress = ({ done }) => {
      heard = done;
      if (done > 0) controller.abort();
    };
    await assert.rejects(classifier.predict(text, { ...options, signal: controller.signal, onProgress }), {
      code: "aborted",
    });
    assert.ok(heard > 0 && heard <= BATCH, `${heard} rows`);
    assert.equal(computed - before, heard);
  }
  assert.equal((await classifier.predict("good")).label, "positive");
});

test("aborted calls leave no memory behind", async () => {
  const text = long(2000);
  const abort = async () => {
    const controller = new AbortController();
    const call = classifier.predict(text, {
      signal: controller.signal,
      onProgress: ({ done }) => done && controller.abort(),
    });
    await assert.rejects(call, { code: "aborted" });
  };
  for (let i = 0; i < 3; i++) await abort();
  const { memoryBytes } = classifier.info;
  for (let i = 0; i < 30; i++) await abort();
  assert.equal(classifier.info.memoryBytes, memoryBytes);
});

test("closing a classifier rejects its running call", async () => {
  const [closing, other] = [await createClassifier(), await createClassifier()];
  const call = closing.predict(long(1000), { onProgress: ({ done }) => done === 2 && closing.close() });
  await assert.rejects(call, { code: "closed" });
  assert.equal((await other.predict("good")).label, "positive");
  other.close();
});
