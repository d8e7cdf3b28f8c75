// The tasks of the packaged model, by the heads in its folder, and embeddings.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClassifier, predict } from "litmus-text";
import * as embedded from "litmus-text/embedded";
import { computed } from "./instances.mjs";

const INSULT = "You are an idiot";
const THANKS = "Thank you so much, that made my day";
const TASKS = ["sentiment", "emotion", "toxicity"];

let classifier;
before(async () => (classifier = await createClassifier()));
after(() => classifier.close());

test("a text has the labels of each task", async () => {
  assert.deepEqual([...classifier.info.tasks].sort(), [...TASKS].sort());
  const toxicity = await classifier.predict(INSULT, { task: "toxicity" });
  assert.deepEqual([toxicity.label, toxicity.labels], ["toxic", ["toxic"]]);
  assert.deepEqual(toxicity.scores.map(({ label }) => label).sort(), ["hateful", "toxic"]);
  const { labels } = await predict(THANKS, { task: "emotion" });
  assert.ok(labels.includes("gratitude"), labels.join());
  const polite = await classifier.predict(THANKS, { task: "toxicity" });
  assert.deepEqual([polite.label, polite.labels], [null, []]);
});

test("several tasks read the text once, and give what each gives alone", async () => {
  const before = computed;
  const all = await classifier.predict([INSULT, THANKS], { tasks: TASKS });
  assert.equal(computed - before, 2);
  for (const task of TASKS) {
    const alone = await classifier.predict([INSULT, THANKS], { task });
    assert.deepEqual(
      all.map((predictions) => predictions[task]),
      alone,
      task,
    );
  }
  assert.deepEqual(all[0].sentiment, await classifier.predict(INSULT), "the model's own labels are its sentiment");
});

test("threshold and explain hold for all tasks, or by task", async () => {
  const options = {
    tasks: ["sentiment", "toxicity"],
    threshold: { toxicity: 1 },
    explain: { label: { toxicity: "toxic" } },
  };
  const { sentiment, toxicity } = await classifier.predict(INSULT, options);
  assert.deepEqual([typeof sentiment.label, toxicity.labels], ["string", []]);
  assert.deepEqual(
    toxicity.attributions.map(({ text }) => text),
    ["You", "are", "an", "idiot"],
  );
  assert.deepEqual(
    toxicity.attributions,
    (await classifier.predict(INSULT, { task: "toxicity", explain: { label: "toxic" } })).attributions,
  );
  await assert.rejects(classifier.predict(INSULT, { tasks: ["toxicity"], threshold: { emotion: 0.5 } }), {
    code: "invalid-input",
    message: /emotion/,
  });
});

test("a stream has the predictions of its tasks", async () => {
  const items = [];
  for await (const item of classifier.stream([INSULT, "", THANKS], { tasks: ["toxicity"] })) items.push(item);
  assert.deepEqual(
    items.map(({ predictions, error }) => error?.code ?? predictions.toxicity.labels),
    [["toxic"], "empty-text", []],
  );
  for await (const { prediction } of classifier.stream([INSULT], { task: "toxicity" }))
    assert.equal(prediction.label, "toxic");
});

test("a classifier of a task: one thread, and a pool of workers", async () => {
  for (const workers of [0, 2]) {
    const emotion = await createClassifier({ task: "emotion", workers });
    assert.deepEqual([emotion.labels.length, emotion.info.multiLabel, emotion.info.activation], [28, true, "sigmoid"]);
    const texts = Array.from({ length: 20 }, (_, i) => `${THANKS}, ${i}`);
    for (const { labels } of await emotion.predict(texts)) assert.ok(labels.includes("gratitude"));
    assert.equal((await emotion.predict(INSULT, { task: "toxicity" })).label, "toxic");
    emotion.close();
  }
});

test("a taught classifier has the model's tasks, too", async () => {
  const triage = await classifier.teach({ refund: ["I want my money back"], shipping: ["Where is my parcel?"] });
  const { toxicity } = await triage.predict(INSULT, { tasks: ["toxicity"] });
  assert.equal(toxicity.label, "toxic");
  assert.equal((await triage.predict("Give me my money")).label, "refund");
});

test("embeddings of the same meaning are near", async () => {
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const [cat, kitten, invoice] = await classifier.embed([
    "The cat sleeps on the sofa",
    "A kitten is napping on the couch",
    "The invoice is due next month",
  ]);
  assert.ok(cat instanceof Float32Array);
  assert.equal(cat.length, 384);
  assert.ok(Math.abs(dot(cat, cat) - 1) < 1e-5);
  assert.ok(dot(cat, kitten) > dot(cat, invoice) + 0.2);
  assert.deepEqual(await classifier.embed("The cat sleeps on the sofa"), cat);
  await assert.rejects(classifier.embed(["good", " "]), { code: "empty-text", index: 1 });
  await assert.rejects(classifier.embed(" "), (error) => error.code === "empty-text" && error.index === undefined);
});

test("the embedded build has all heads inside", async () => {
  await embedded.load();
  const options = { tasks: TASKS };
  assert.deepEqual(await embedded.predict(INSULT, options), await predict(INSULT, options));
  const own = await embedded.classifier();
  assert.deepEqual(await own.embed(INSULT), await classifier.embed(INSULT));
  await assert.rejects(own.predict(INSULT, { task: "joy" }), { code: "invalid-input", message: /"toxicity"/ });
});

test("heads of another folder: damaged, of another encoder, or not there", async (t) => {
  const packaged = fileURLToPath(new URL("../models/english/", import.meta.resolve("litmus-text")));
  const folder = await mkdtemp(join(tmpdir(), "litmus-heads-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(packaged, folder, { recursive: true });
  const manifest = JSON.parse(await readFile(join(folder, "litmus.json"), "utf8"));
  for (const path of Object.keys(manifest.files)) if (path.endsWith(".head")) manifest.files[path] = {};
  delete manifest.files["heads/emotion.head"];
  await writeFile(join(folder, "litmus.json"), JSON.stringify(manifest));
  const head = await readFile(join(folder, "heads/toxicity.head"));
  await writeFile(join(folder, "heads/toxicity.head"), head.subarray(0, 100));
  head[head.indexOf('"encoder":"') + 11] ^= 1;
  await writeFile(join(folder, "heads/sentiment.head"), head);
  await rm(join(folder, "heads/embedding.head"));
  const own = await createClassifier({ model: folder });
  t.after(() => own.close());
  await assert.rejects(own.predict("good", { task: "toxicity" }), { code: "head-malformed" });
  await assert.rejects(own.predict("good", { task: "sentiment" }), { code: "head-mismatch" });
  await assert.rejects(own.predict("good", { task: "emotion" }), { code: "invalid-input", message: /"toxicity"/ });
  await assert.rejects(own.embed("good"), { code: "model-not-found" });
  assert.equal((await own.predict("I loved it")).label, "positive");
});

test("a model without features has neither tasks nor embeddings", async () => {
  const tiny = await createClassifier({ model: join(process.env.LITMUS_FIXTURES, "tiny") });
  assert.deepEqual(tiny.info.tasks, []);
  await assert.rejects(tiny.predict("good", { task: "toxicity" }), { code: "model-unsupported" });
  await assert.rejects(tiny.embed("good"), { code: "model-unsupported" });
  tiny.close();
  const model = join(process.env.LITMUS_FIXTURES, "tiny");
  await assert.rejects(createClassifier({ model, task: "toxicity" }), { code: "model-unsupported" });
});

test("the files of heads are given with the others", async () => {
  const packaged = new URL("../models/english/", import.meta.resolve("litmus-text"));
  const read = (path) => readFile(fileURLToPath(new URL(path, packaged)));
  const [config, tokenizer, model, manifest, toxicity] = await Promise.all(
    ["config.json", "tokenizer.json", "model.onnx", "litmus.json", "heads/toxicity.head"].map(read),
  );
  const own = await createClassifier({ model: { config, tokenizer, model, manifest, heads: { toxicity } } });
  assert.deepEqual(own.info.tasks, ["toxicity"]);
  assert.equal((await own.predict(INSULT, { task: "toxicity" })).label, "toxic");
  own.close();
});
