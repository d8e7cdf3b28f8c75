// Memory does not grow with use: after the longest text and the largest batch, nothing needs more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClassifier } from "litmus-text";
import { residentBytes } from "./memory.mjs";

const PREDICTIONS = 10_000;
const CLASSIFIERS = 50;
const LONGEST = 120; // words
const LARGEST = 40; // texts in a batch
/** WebAssembly memory per character of a long text, for its bytes, tokens and windows. */
const MAX_BYTES_PER_CHARACTER = 10;

const words = "the a film plot is was never so good bad dull bright unspeakably charming and but 😀 über ,".split(" ");

/** Seeded pseudorandom numbers, so that a failure can be repeated. */
function* numbers(state) {
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

test(`${PREDICTIONS} predictions of random lengths leave the memory unchanged`, { timeout: 900_000 }, async () => {
  const classifier = await createClassifier();
  const random = numbers(7);
  const next = (below) => Math.floor(random.next().value * below);
  // Mostly short texts, as in practice.
  const length = () => 1 + next(1 + next(1 + next(LONGEST)));
  const text = () => Array.from({ length: length() }, () => words[next(words.length)]).join(" ");

  // The word with the most tokens.
  const longest = Array.from({ length: LARGEST }, () => Array.from({ length: LONGEST }, () => "unspeakably").join(" "));
  await classifier.predict(longest);
  await classifier.predict("film ".repeat(600));
  const before = classifier.info.memoryBytes;
  let done = 0;
  while (done < PREDICTIONS) {
    const count = 1 + next(LARGEST);
    const texts = Array.from({ length: count }, text);
    const predictions = count % 2 ? [await classifier.predict(texts[0])] : await classifier.predict(texts);
    assert.ok(predictions.every(({ score }) => score > 0 && score <= 1));
    done += predictions.length;
  }
  assert.equal(classifier.info.memoryBytes, before);
});

test("a book of 200 pages takes little more memory than a book of 20", { timeout: 900_000 }, async () => {
  const classifier = await createClassifier();
  const random = numbers(3);
  const word = () => words[Math.floor(random.next().value * words.length)];
  const sentence = () => `The ${Array.from({ length: 12 }, word).join(" ")}.`;
  const book = (bytes) => Array.from({ length: bytes / 60 }, sentence).join(" ");
  const chapter = book(60_000);
  await classifier.predict(chapter);
  const short = classifier.info.memoryBytes;
  await classifier.predict(chapter);
  assert.equal(classifier.info.memoryBytes, short);
  const text = book(600_000);
  let heard = 0;
  const { windows } = await classifier.predict(text, { onProgress: () => heard++ });
  assert.ok(windows.length > 500 && windows.at(-1).end === text.length);
  assert.ok(heard > windows.length / 4, `${heard} reports`);
  const more = classifier.info.memoryBytes - short;
  assert.ok(more < MAX_BYTES_PER_CHARACTER * text.length, `${more} bytes more for a text of ${text.length}`);
  classifier.close();
});

test(`${CLASSIFIERS} classifiers, created and closed, leave no memory behind`, { timeout: 900_000 }, async () => {
  const cycle = async () => {
    const classifier = await createClassifier();
    const { memoryBytes } = classifier.info;
    await classifier.predict(["a gorgeous film", "a dull film"]);
    classifier.close();
    return memoryBytes;
  };
  for (let i = 0; i < 5; i++) await cycle();
  const before = await residentBytes();
  let each;
  for (let i = 5; i < CLASSIFIERS; i++) each = await cycle();
  const grown = (await residentBytes()) - before;
  assert.ok(grown < each / 4, `${grown} bytes more, and a classifier has ${each}`);
});
