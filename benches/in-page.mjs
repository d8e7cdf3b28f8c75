// Measurements that bench.mjs runs in a page. Times are in milliseconds.
import { createClassifier, predict } from "./litmus-text/dist/index.js";
import { check, LENGTHS, ratio, textOf, time } from "./measure.mjs";
import { batch, first } from "./texts.mjs";

const FILES = [
  "wasm/litmus_text_bg.wasm",
  "models/english/config.json",
  "models/english/tokenizer.json",
  "models/english/model.onnx",
  "models/english/litmus.json",
];

/** How long a visitor stays after the last prediction, in milliseconds: time for the browser to store code. */
const STAY_MS = 5000;

/** From the navigation to the first prediction, downloads included. */
export async function fromPageOpen() {
  const { label } = await predict(first);
  check(label === "positive", label);
  return performance.now();
}

/**
 * From the navigation to the first prediction, as `fromPageOpen`, for visits.mjs. `listener`: with a progress listener.
 * `predictions`: how many the visitor makes afterwards, before staying for a while.
 */
export async function visit({ listener, predictions }) {
  let events = 0;
  const classifier = await createClassifier(listener ? { onProgress: () => events++ } : {});
  const { label } = await classifier.predict(first);
  check(label === "positive", label);
  check(events > 0 === listener, `${events} progress events`);
  const elapsed = performance.now();
  for (let i = 0; i < predictions; i++) await classifier.predict(batch[i % batch.length]);
  if (predictions > 0) await new Promise((resolve) => setTimeout(resolve, STAY_MS));
  return elapsed;
}

/** From the files in memory to the first prediction: compile, load the model, predict. */
export async function fromMemory() {
  const urls = FILES.map((file) => new URL(`litmus-text/${file}`, location.href).href);
  const { fetch } = globalThis;
  const bytes = new Map(await Promise.all(urls.map(async (url) => [url, await (await fetch(url)).arrayBuffer()])));
  globalThis.fetch = async (url) => new Response(bytes.get(String(url)));
  const start = performance.now();
  // In this thread, because a worker has its own `fetch` without the bytes.
  const classifier = await createClassifier({ workers: 0, cache: false });
  const { label } = await classifier.predict(first);
  check(label === "positive", label);
  return performance.now() - start;
}

export async function speed() {
  const classifier = await createClassifier();
  const predictMs = {};
  const tasksRatio = {};
  const oneTask = (input) => classifier.predict(input, { task: "sentiment" });
  const allTasks = (input) => classifier.predict(input, { tasks: ["sentiment", "emotion", "toxicity"] });
  for (const { tokens, runs } of LENGTHS) {
    const text = await textOf(tokens, async (text) => (await classifier.predict(text)).tokens);
    const before = await classifier.predict(text);
    predictMs[tokens] = await time(runs, () => classifier.predict(text));
    const after = await classifier.predict(text);
    tasksRatio[tokens] = await ratio(
      runs,
      () => allTasks(text),
      () => oneTask(text),
    );
    check(after.score === before.score && after.tokens === tokens, "the same text scored differently");
  }
  const batchMs = await time(8, () => classifier.predict(batch));
  tasksRatio.batch = await ratio(
    8,
    () => allTasks(batch),
    () => oneTask(batch),
  );
  const together = await classifier.predict(batch);
  check(together.length === 32, `${together.length} predictions`);
  for (const [i, text] of batch.entries()) {
    const alone = await classifier.predict(text);
    check(Math.abs(alone.score - together[i].score) < 1e-3, `"${text}" has another score in a batch`);
  }
  const label = (text) => together[batch.indexOf(text)].label;
  check(label("An absolute joy from the first page to the last.") === "positive", "joy");
  check(label("Overpriced, overcooked and over-salted.") === "negative", "overpriced");
  return { predictMs, batchMs, tasksRatio, memoryBytes: classifier.info.memoryBytes };
}
