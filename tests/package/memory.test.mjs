// Memory does not grow with use: what the longest text and the largest batch needed is enough for all that follow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createClassifier } from "litmus-text";

const PREDICTIONS = 10_000;
const CLASSIFIERS = 50;
const LONGEST = 120; // words

const words = "the a film plot is was never so good bad dull bright unspeakably charming and but 😀 über ,".split(" ");

/** A generator of its own, so that a failure can be repeated. */
function* numbers(state) {
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

test(`${PREDICTIONS} predictions of random lengths leave memory as it was`, { timeout: 900_000 }, async () => {
  const classifier = await createClassifier();
  const random = numbers(7);
  const next = (below) => Math.floor(random.next().value * below);
  // Most texts are short, as people's are.
  const text = () => Array.from({ length: 1 + next(1 + next(LONGEST)) }, () => words[next(words.length)]).join(" ");

  const longest = Array.from({ length: 32 }, () => Array.from({ length: LONGEST }, () => "film").join(" "));
  await classifier.predict(longest);
  await classifier.predict("film ".repeat(600));
  const before = classifier.info.memoryBytes;
  let done = 0;
  while (done < PREDICTIONS) {
    const count = 1 + next(40);
    const texts = Array.from({ length: count }, text);
    const predictions = count % 2 ? [await classifier.predict(texts[0])] : await classifier.predict(texts);
    assert.ok(predictions.every(({ score }) => score > 0 && score <= 1));
    done += predictions.length;
  }
  assert.equal(classifier.info.memoryBytes, before);
});

/** Bytes that the process holds once all garbage is gone. */
async function held() {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  for (let i = 0; i < 5; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20)); // WebAssembly memory is given back a little later
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test(`${CLASSIFIERS} classifiers, created and closed, leave nothing behind`, { timeout: 900_000 }, async () => {
  const cycle = async () => {
    const classifier = await createClassifier();
    const { memoryBytes } = classifier.info;
    await classifier.predict(["a gorgeous film", "a dull film"]);
    classifier.close();
    return memoryBytes;
  };
  for (let i = 0; i < 5; i++) await cycle();
  const before = await held();
  let each;
  for (let i = 5; i < CLASSIFIERS; i++) each = await cycle();
  const grown = (await held()) - before;
  assert.ok(grown < each / 4, `${grown} bytes more, and a classifier has ${each}`);
});
