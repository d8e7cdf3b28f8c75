// The classifier with a real pool; only the workers behind it are fakes.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { deferred, engine, FakeWorker, INFO, predictionOf, settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { Classifier, createClassifier, predictParams, predictWith, ThreadLoader, WorkerPool, WorkerThread } =
  await importSource(
    "api/classifier.ts",
    "api/create-classifier.ts",
    "api/predict-params.ts",
    "api/predict-with.ts",
    "pool/worker-pool.ts",
    "pool/thread-loader.ts",
    "pool/worker-thread.ts",
  );

const { signal } = new AbortController();
const EMPTY_MODULE = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
const texts = (count) => Array.from({ length: count }, (_, i) => `text ${i}`);

let opened = [];
afterEach(() => {
  for (const classifier of opened) classifier.close();
  opened = [];
});

async function open({ size = 1, override = {} } = {}) {
  const workers = [];
  const start = async () => {
    workers.push(new FakeWorker(engine(override)));
    return new WorkerThread(workers.at(-1));
  };
  const pool = new WorkerPool(new ThreadLoader(EMPTY_MODULE, { from: "files", files: {} }), start, size);
  const classifier = new Classifier(pool, await pool.open(undefined, signal));
  opened.push(classifier);
  const sent = () => workers.flatMap(({ requests }) => requests).filter(({ type }) => type === "predict");
  return { classifier, sent };
}

test("a task and a taught head contradict each other", async () => {
  await assert.rejects(createClassifier({ task: "toxicity", head: new Uint8Array(8) }), {
    code: "invalid-input",
    message: "task and head exclude each other: leave one out",
  });
});

test("a model that is passed in the place of the options is not ignored", async () => {
  const url = new URL("https://example.org/model/");
  const files = { config: url, tokenizer: url, model: url };
  for (const model of [files, url, url.href, [new File(["x"], "config.json")], null])
    await assert.rejects(createClassifier(model), { code: "invalid-input", message: "pass a model as { model }" });
});

test("a head that is no bytes is named, and a promise is to be awaited", async () => {
  for (const [head, given] of [
    [Promise.resolve(new Uint8Array()), "a promise: await it"],
    [new Float32Array(8), "a value of type Float32Array"],
    [new Blob(), "a value of type Blob"],
  ])
    await assert.rejects(createClassifier({ head }), {
      code: "invalid-input",
      message: `head must be a Uint8Array or an ArrayBuffer, not ${given}`,
    });
});

test("one text gives one prediction, several give several in their order", async () => {
  const { classifier } = await open();
  assert.deepEqual(await classifier.predict("a"), predictionOf("a"));
  assert.deepEqual(await classifier.predict(["a", "bc"]), [predictionOf("a"), predictionOf("bc")]);
  assert.deepEqual(await classifier.predict([]), []);
});

test("many texts are divided into requests of at most 256 texts, or among the threads", async () => {
  const one = await open();
  await one.classifier.predict(texts(600));
  assert.deepEqual(
    one.sent().map(({ texts }) => texts.length),
    [256, 256, 88],
  );
  const two = await open({ size: 2 });
  const predictions = await two.classifier.predict(texts(100));
  assert.deepEqual(
    two.sent().map(({ texts }) => texts.length),
    [50, 50],
  );
  assert.deepEqual(
    predictions.map(({ tokens }) => tokens),
    texts(100).map(({ length }) => length),
  );
});

test("a bad text rejects the call with its index in the whole array; a single text has none", async () => {
  const { classifier, sent } = await open();
  const bad = texts(600);
  bad[300] = " ";
  await assert.rejects(classifier.predict(bad), { code: "empty-text", index: 300 });
  await assert.rejects(classifier.predict(" "), (error) => error.code === "empty-text" && !("index" in error));
  assert.ok(
    sent().every(({ failFast }) => failFast),
    "nothing is computed for a call that will be rejected",
  );
});

test("options are sent as plain data: no function, no signal, and explain: true as {}", async () => {
  const { classifier, sent } = await open();
  await classifier.predict("a", { topK: 1, threshold: 0.5, explain: true, signal, onProgress() {} });
  await classifier.predict("a", { explain: { method: "shapley", seed: 1 } });
  await classifier.predict("a", { explain: false });
  assert.deepEqual(
    sent().map(({ params }) => JSON.stringify(params)),
    ['{"topK":1,"threshold":0.5,"explain":{}}', '{"explain":{"method":"shapley","seed":1}}', "{}"],
  );
});

test("an array may be changed after the call", async () => {
  const { classifier } = await open();
  const flushed = (call) => {
    const queue = ["a", "bc"];
    const called = call(queue);
    queue.length = 0;
    return called;
  };
  const expected = [predictionOf("a"), predictionOf("bc")];
  assert.deepEqual(await flushed((queue) => classifier.predict(queue)), expected);
  assert.deepEqual(await flushed((queue) => predictWith(async () => classifier, queue, undefined)), expected);
});

/** What frameworks such as Vue make of an object that a page watches: a worker cannot receive it. */
const reactive = (object) =>
  new Proxy(object, {
    get(target, key, receiver) {
      const value = Reflect.get(target, key, receiver);
      return typeof value === "object" && value !== null ? reactive(value) : value;
    },
  });

test("arguments may be the reactive objects of a framework", async () => {
  const taught = [];
  const teach = (request) => {
    taught.push(request.examples);
    throw new Error("no engine");
  };
  const predict = ({ texts }) => texts.map(() => ({ prediction: predictionOf("") }));
  const { classifier, sent } = await open({ override: { teach, predict } });
  const inputs = ["a", { text: "b", pair: "c" }];
  const options = { explain: { label: "positive" }, zeroShot: { labels: ["sports"], hypothesis: "{}" } };
  await classifier.predict(reactive(inputs), reactive(options));
  const [first] = sent();
  assert.deepEqual(first.texts, ["a", { text: "b", pair: "c" }]);
  assert.deepEqual([first.params.explain.label, first.params.zeroShot], ["positive", options.zeroShot]);
  const byTask = { tasks: ["toxicity"], threshold: { toxicity: 0.5 }, explain: { label: { toxicity: "toxic" } } };
  const params = structuredClone(predictParams(reactive(byTask)));
  assert.deepEqual(
    [params.tasks, params.threshold, params.explain.label],
    [["toxicity"], { toxicity: 0.5 }, { toxicity: "toxic" }],
  );
  for await (const item of classifier.stream(reactive(inputs))) assert.ok(!item.error, item.error);
  await assert.rejects(classifier.teach(reactive({ refund: ["Money back"], other: ["Hello"] })));
  assert.deepEqual(taught, [
    [
      ["refund", ["Money back"]],
      ["other", ["Hello"]],
    ],
  ]);
});

test("progress is the sum over the requests", async () => {
  const predict = async ({ texts }, { progress }) => {
    progress({ done: 0, total: texts.length });
    progress({ done: texts.length, total: texts.length });
    return texts.map((text) => ({ prediction: predictionOf(text) }));
  };
  const { classifier } = await open({ override: { predict } });
  const events = [];
  await classifier.predict(texts(300), { onProgress: (event) => events.push(event) });
  assert.deepEqual(events[0], { done: 0, total: 300 });
  assert.deepEqual(events.at(-1), { done: 300, total: 300 });
  assert.ok(events.every(({ done }, i) => i === 0 || done >= events[i - 1].done));
});

test("arguments are checked before anything is sent", async () => {
  const { classifier, sent } = await open();
  await assert.rejects(classifier.predict(1), { code: "invalid-input" });
  await assert.rejects(classifier.predict("a", { topK: 0 }), { code: "invalid-input" });
  await assert.rejects(classifier.tokenize(["a"]), { code: "invalid-input" });
  await assert.rejects(classifier.tokenize("a", { topK: 1 }), { code: "invalid-input" });
  await assert.rejects(classifier.stream("a").next(), { code: "invalid-input" });
  assert.deepEqual(sent(), []);
});

test("a stream does not fail fast: a bad text has its error", async () => {
  const { classifier, sent } = await open();
  const items = [];
  for await (const item of classifier.stream(["a", " ", "b"])) items.push(item.error?.code ?? item.prediction.label);
  assert.deepEqual(items, ["positive", "empty-text", "positive"]);
  assert.deepEqual(
    sent().map(({ failFast }) => failFast),
    [false],
  );
});

test("leaving a stream aborts the batch that is being computed", async () => {
  const running = deferred();
  const predict = async ({ texts }, { signal }) => {
    if (texts[0] === "text 0") {
      await settled(); // the second batch is filled meanwhile
      return texts.map((text) => ({ prediction: predictionOf(text) }));
    }
    running.resolve(signal);
    return new Promise(() => {});
  };
  const { classifier } = await open({ override: { predict } });
  let its;
  for await (const _ of classifier.stream(texts(64))) {
    its = await running.promise; // the second batch
    assert.equal(its.aborted, false);
    break;
  }
  await settled();
  assert.equal(its.aborted, true);
});

test("info has the labels and facts of the model, and the thread and memory of the pool", async () => {
  const { classifier } = await open();
  assert.deepEqual(classifier.labels, INFO.labels);
  const { heads: _, ...info } = INFO; // the package's own
  assert.deepEqual(classifier.info, { ...info, runsIn: "worker", memoryBytes: 65536 });
});

test("close, dispose and asyncDispose close it", async () => {
  for (const close of [
    (c) => c.close(),
    (c) => c[Symbol.dispose]?.() ?? c.close(),
    (c) => c[Symbol.asyncDispose]?.() ?? c.close(),
  ]) {
    const { classifier } = await open();
    await close(classifier);
    await assert.rejects(classifier.predict("a"), { code: "closed" });
    await assert.rejects(classifier.predict([]), { code: "closed" });
    await assert.rejects(classifier.tokenize("a"), { code: "closed" });
  }
});

test("zeroShot checks its options", async () => {
  const { classifier, sent } = await open();
  for (const [options, message] of [
    [null, "options must be an object, not null"],
    [{ hypotesis: "{}" }, /unknown key "hypotesis" in options .*hypothesis, multiLabel/],
    [{ hypothesis: 1 }, "hypothesis must be a string, not 1"],
  ])
    await assert.rejects(classifier.zeroShot("a", ["x"], options), { code: "invalid-input", message });
  await classifier.zeroShot("a", ["x"], { hypothesis: "{}", topK: 1 });
  await classifier.zeroShot("a", ["x"]);
  assert.deepEqual(
    sent().map(({ params: { zeroShot, topK } }) => JSON.stringify({ zeroShot, topK })),
    ['{"zeroShot":{"labels":["x"],"hypothesis":"{}"},"topK":1}', '{"zeroShot":{"labels":["x"]}}'],
  );
});

test("of a wrong wasm and a wrong model, the error is about the wasm, whichever is rejected first", async () => {
  let fail;
  const late = new Response(
    new ReadableStream({ start: (controller) => (fail = () => controller.error(new Error())) }),
  );
  const loading = createClassifier({ wasm: late, model: { config: 1, tokenizer: 1, model: 1 } });
  await new Promise(setImmediate);
  fail();
  await assert.rejects(loading, { code: "download-failed", message: /wasm/ });
});

test("the timeout of predictWith includes the load, and stops the prediction", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const aborted = [];
  const predict = (_, { signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        aborted.push(true);
        reject(Object.assign(new Error(), { code: "aborted" }));
      }),
    );
  const { classifier } = await open({ override: { predict } });
  const loading = deferred();
  const call = predictWith(() => loading.promise, "a", { timeout: 100 });
  t.mock.timers.tick(60);
  loading.resolve(classifier);
  await settled();
  t.mock.timers.tick(40);
  await assert.rejects(call, { code: "timeout", name: "TimeoutError", message: "the call took longer than 100 ms" });
  await settled();
  assert.deepEqual(aborted, [true]);
});

test("predictWith loads only for a valid call, and aborting the call does not end the load", async () => {
  let loads = 0;
  const { classifier } = await open();
  const load = async () => {
    loads++;
    return classifier;
  };
  await assert.rejects(predictWith(load, 1), { code: "invalid-input" });
  await assert.rejects(predictWith(load, "a", { topK: 0 }), { code: "invalid-input" });
  assert.equal(loads, 0);
  assert.deepEqual(await predictWith(load, "a"), predictionOf("a"));
  const never = new Promise(() => {});
  await assert.rejects(
    predictWith(() => never, "a", { signal: AbortSignal.abort() }),
    { code: "aborted" },
  );
  await assert.rejects(
    predictWith(() => never, "a", { timeout: 5 }),
    { code: "timeout" },
  );
});
