// Tasks and embeddings, with a real pool; only the workers behind it are fakes.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { engine, FakeWorker, INFO, predictionOf, settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { Classifier, openTask, ThreadLoader, WorkerPool, WorkerThread } = await importSource(
  "api/classifier.ts",
  "api/tasks.ts",
  "pool/worker-pool.ts",
  "pool/thread-loader.ts",
  "pool/worker-thread.ts",
);

const { signal } = new AbortController();
const EMPTY_MODULE = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
const HEAD = Uint8Array.of(1, 2, 3);

let opened = [];
afterEach(() => {
  for (const classifier of opened) classifier.close();
  opened = [];
});

/** A head that no other test of this file has read: the page keeps heads. */
let count = 0;
const headFile = (name) => {
  count++;
  const path = `heads/${name}.head`;
  return { name, path, url: `https://models.test/${count}/${path}`, sha256: "00", bytes: 3, folder: {} };
};

/** A model with heads, in a pool of fake workers. `task` opens the classifier of a task. */
async function open({ size = 1, override = {}, task, names = ["emotion", "toxicity", "embedding"] } = {}) {
  const info = { ...INFO, tasks: names.filter((name) => name !== "embedding"), heads: names.map(headFile) };
  const answers = {
    start: () => info,
    readHead: () => HEAD,
    describe: ({ heads }) => ({ ...info, labels: [`label of ${heads[""]}`], multiLabel: true, activation: "sigmoid" }),
    embed: ({ texts }) => texts.map(({ length }) => Float32Array.of(length)),
    predict: ({ texts, params }) =>
      texts.map((text) =>
        params.tasks
          ? { predictions: Object.fromEntries(params.tasks.map((task) => [task, predictionOf(text + task)])) }
          : { prediction: predictionOf(text + (params.task ?? "")) },
      ),
    ...override,
  };
  const workers = [];
  const start = async () => {
    workers.push(new FakeWorker(engine(answers)));
    return new WorkerThread(workers.at(-1));
  };
  const pool = new WorkerPool(new ThreadLoader(EMPTY_MODULE, { from: "files", files: {} }), start, size);
  const loaded = await pool.open(undefined, signal);
  const classifier = new Classifier(
    ...(task === undefined ? [pool, loaded] : await openTask(pool, loaded, task, signal)),
  );
  opened.push(classifier);
  const sent = (wanted) => workers.flatMap(({ requests }) => requests).filter(({ type }) => type === wanted);
  return { classifier, sent, info };
}

test("a head is read when its task is first asked for, once, and goes with each request to each worker", async () => {
  const { classifier, sent } = await open({ size: 2 });
  await classifier.predict("a");
  assert.deepEqual(sent("readHead"), []);
  const calls = ["a", "b", "c", "d"].map((text) => classifier.predict(text, { task: "emotion" }));
  assert.deepEqual((await Promise.all(calls))[0], predictionOf("aemotion"));
  await classifier.predict("a", { task: "emotion" });
  assert.deepEqual(
    sent("readHead").map(({ file }) => file.path),
    ["heads/emotion.head"],
  );
  const [plain, ...others] = sent("predict");
  assert.equal(plain.heads, undefined);
  assert.equal(others.length, 5);
  for (const { heads, params } of others) {
    assert.deepEqual([heads, params.task], [{ emotion: HEAD }, "emotion"]);
  }
});

test("a head that could not be read is read again by the next call", async () => {
  let failures = 1;
  const readHead = () => {
    if (failures-- > 0) throw Object.assign(new Error("no connection"), { code: "download-failed" });
    return HEAD;
  };
  const { classifier } = await open({ override: { readHead } });
  await assert.rejects(classifier.predict("a", { task: "emotion" }), { code: "download-failed" });
  assert.deepEqual(await classifier.predict("a", { task: "emotion" }), predictionOf("aemotion"));
});

test("of several heads that are missing, the error names the first one", async () => {
  const readHead = async ({ file }) => {
    if (file.name === "emotion") await settled();
    throw Object.assign(new Error(file.name), { code: "model-not-found" });
  };
  const { classifier } = await open({ size: 2, override: { readHead } });
  const call = classifier.predict("a", { tasks: ["emotion", "toxicity"] });
  await assert.rejects(call, { code: "model-not-found", message: "emotion" });
});

test("several tasks give predictions by task, of one text, of several and in a stream", async () => {
  const { classifier, sent } = await open();
  const tasks = ["emotion", "toxicity"];
  const of = (text) => ({ emotion: predictionOf(`${text}emotion`), toxicity: predictionOf(`${text}toxicity`) });
  assert.deepEqual(await classifier.predict("a", { tasks }), of("a"));
  assert.deepEqual(await classifier.predict(["a", "b"], { tasks }), [of("a"), of("b")]);
  const items = [];
  for await (const item of classifier.stream(["a", 1], { tasks })) items.push(item);
  assert.deepEqual(items[0], { index: 0, text: "a", predictions: of("a") });
  assert.equal(items[1].error.code, "invalid-input");
  assert.deepEqual(Object.keys(sent("predict")[0].heads), tasks);
});

test("threshold and explained label hold for all tasks, or by task", async () => {
  const { classifier, sent } = await open();
  const tasks = ["emotion", "toxicity"];
  await classifier.predict("a", { tasks, threshold: 0.5, explain: { label: "x" } });
  await classifier.predict("a", {
    tasks,
    threshold: { toxicity: 0.9 },
    explain: { label: { emotion: "joy" }, method: "shapley", seed: 1 },
  });
  const [same, byTask] = sent("predict").map(({ params }) => params);
  assert.deepEqual([same.threshold, same.explain.label, same.byTask], [0.5, "x", {}]);
  assert.deepEqual([byTask.threshold, byTask.explain.label, byTask.explain.seed], [undefined, undefined, 1]);
  assert.equal(byTask.byTask.toxicity.threshold, 0.9);
  assert.equal(byTask.byTask.emotion.explainLabel, "joy");
});

test("a classifier of a task whose head is loaded with the model has the head's labels", async () => {
  const loaded = { name: "emotion", labels: ["joy", "anger"], multiLabel: true };
  const start = () => ({ ...INFO, tasks: ["emotion"], heads: [loaded] });
  const { classifier, sent } = await open({ task: "emotion", override: { start } });
  const { labels, multiLabel, activation } = classifier.info;
  assert.deepEqual([labels, multiLabel, activation], [["joy", "anger"], true, "sigmoid"]);
  await classifier.predict("a");
  assert.deepEqual([sent("readHead"), sent("describe"), sent("predict")[0].heads], [[], [], {}]);
});

test("a classifier of a task has its labels, and other tasks on request", async () => {
  const { classifier, sent } = await open({ task: "emotion" });
  assert.deepEqual([classifier.labels, classifier.info.multiLabel], [["label of 1,2,3"], true]);
  await classifier.predict("a");
  await classifier.predict("a", { task: "toxicity" });
  await classifier.predict("a", { tasks: ["toxicity"] });
  await classifier.predict("a", { zeroShot: { labels: ["x"] } });
  const params = sent("predict").map(({ params: { task, tasks } }) => task ?? tasks);
  assert.deepEqual(params, ["emotion", "toxicity", ["toxicity"], undefined]);
  assert.deepEqual(
    sent("predict").map(({ heads }) => Object.keys(heads ?? {})),
    [["emotion"], ["toxicity"], ["toxicity"], []],
  );
});

test("a classifier that is taught on that of a task predicts the taught labels, and other tasks on request", async () => {
  const teach = () => ({ report: null, head: Uint8Array.of(7), withExamples: Uint8Array.of(8) });
  const { classifier, sent } = await open({ task: "toxicity", override: { teach } });
  const taught = await classifier.teach({ a: ["x"], b: ["y"] });
  assert.deepEqual(taught.labels, ["label of 7"]);
  await taught.predict("a");
  await taught.predict("a", { task: "emotion" });
  await classifier.predict("a");
  assert.deepEqual(
    sent("predict").map(({ params: { task }, heads }) => [task, Object.keys(heads).sort()]),
    [
      [undefined, [""]],
      ["emotion", ["", "emotion"]],
      ["toxicity", ["toxicity"]],
    ],
  );
});

test("export rejects options that it does not have", async () => {
  const teach = () => ({ report: null, head: Uint8Array.of(7), withExamples: Uint8Array.of(8) });
  const { classifier } = await open({ override: { teach } });
  const taught = await classifier.teach({ a: ["x"], b: ["y"] });
  assert.deepEqual([...taught.export(), ...taught.export({}), ...taught.export({ examples: true })], [7, 7, 8]);
  assert.throws(() => taught.export({ example: true }), { code: "invalid-input", message: /unknown key "example"/ });
  assert.throws(() => taught.export(true), { code: "invalid-input", message: /^options must be an object/ });
});

test("embeddings take the head for them, and come in the order of the texts", async () => {
  const { classifier, sent } = await open({ size: 2 });
  assert.deepEqual(await classifier.embed("abc"), Float32Array.of(3));
  assert.deepEqual(await classifier.embed(["a", "bc"]), [Float32Array.of(1), Float32Array.of(2)]);
  assert.deepEqual(await classifier.embed([]), []);
  assert.equal(sent("readHead").length, 1);
  assert.ok(sent("embed").every(({ heads }) => heads.embedding.length === 3));
});

test("invalid calls are rejected, with the names of the tasks that exist", async () => {
  const { classifier, sent } = await open();
  const invalid = async (options, message) =>
    assert.rejects(classifier.predict("a", options), { code: "invalid-input", message });
  await invalid({ task: "joy" }, 'a task must be one that the model has ("emotion", "toxicity"), not "joy"');
  await invalid({ tasks: ["emotion", "embedding"] }, /not "embedding"/);
  await invalid({ tasks: [] }, /tasks must be an array of 1 to 100 strings/);
  await invalid({ tasks: "emotion" }, /tasks must be an array/);
  await invalid({ task: 1 }, "task must be a string, not 1");
  await invalid({ task: "emotion", tasks: ["toxicity"] }, "task and tasks exclude each other: leave one out");
  await invalid({ task: "emotion", threshold: { emotion: 0.5 } }, /needs the option tasks/);
  await invalid({ explain: { label: {} } }, /needs the option tasks/);
  await invalid({ tasks: ["emotion"], threshold: { emotion: 2 } }, /a number from 0 to 1, or such values by task/);
  await assert.rejects(classifier.embed(1), { code: "invalid-input" });
  await assert.rejects(classifier.embed("a", { topK: 1 }), { code: "invalid-input" });
  await assert.rejects(open({ task: "joy" }), { code: "invalid-input" });
  assert.deepEqual([...sent("predict"), ...sent("readHead")], []);
});

test("a model without tasks says why it has none", async () => {
  const predict = () => {
    throw Object.assign(new Error("no output features"), { code: "model-unsupported" });
  };
  await assert.rejects(open({ task: "emotion", names: [], override: { predict } }), { code: "model-unsupported" });
});
