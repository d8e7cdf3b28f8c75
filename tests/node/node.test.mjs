// The installed package in Node: tests/run.mjs packs it, installs it into a project, and copies this folder there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { createClassifier, LitmusError, predict } from "litmus-text";

const POSITIVE = "a gorgeous, witty, seductive movie";
const NEGATIVE = "unflinchingly bleak and desperate";

const installed = fileURLToPath(new URL("./", import.meta.resolve("litmus-text/package.json")));
const folder = join(installed, "models/english");
const fixture = (path) => readFile(join(process.env.LITMUS_FIXTURES, path));

let classifier;
let good;
before(async () => {
  classifier = await createClassifier();
  const read = (file) => readFile(join(folder, file));
  good = {
    config: await read("config.json"),
    tokenizer: await read("tokenizer.json"),
    model: await read("model.onnx"),
  };
});

/** Asserts that the call rejects with this code, and that the classifier works afterwards. */
async function fails(call, code, { index, message } = {}) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof LitmusError, `not a LitmusError: ${error?.stack}`);
    assert.deepEqual({ name: error.name, code: error.code, index: error.index }, { name: "LitmusError", code, index });
    if (message) assert.match(error.message, message);
    return true;
  });
  assert.equal((await classifier.predict(POSITIVE)).label, "positive");
}

test("the package under test is the packed one, not the source tree", () => {
  assert.match(installed, /node_modules[/\\]litmus-text[/\\]$/);
  assert.equal(installed, fileURLToPath(new URL("../node_modules/litmus-text/", import.meta.url)));
});

test("predicts a text and a batch", async () => {
  const one = await predict(POSITIVE);
  assert.deepEqual(Object.keys(one).sort(), [
    "attributions",
    "label",
    "score",
    "scores",
    "tokens",
    "truncated",
    "warnings",
    "windows",
  ]);
  assert.equal(one.label, "positive");
  assert.deepEqual(one.scores[0], { label: one.label, score: one.score });
  assert.ok(Math.abs(one.scores.reduce((sum, { score }) => sum + score, 0) - 1) < 1e-6);
  assert.deepEqual(
    one.scores,
    one.scores.toSorted((a, b) => b.score - a.score),
  );
  assert.deepEqual([one.truncated, one.attributions, one.warnings], [false, null, []]);
  assert.deepEqual(one.windows, [{ start: 0, end: POSITIVE.length, tokens: one.tokens, scores: one.scores }]);
  const both = await predict([NEGATIVE, POSITIVE]);
  assert.deepEqual(
    both.map(({ label }) => label),
    ["negative", "positive"],
  );
  assert.ok(Math.abs(both[1].score - one.score) < 1e-4);
  assert.deepEqual(await predict([]), []);
  assert.deepEqual((await predict(POSITIVE, { topK: 1 })).scores, [one.scores[0]]);
  const all = classifier.labels.length;
  assert.equal((await predict(POSITIVE, { topK: 99 })).scores.length, all);
  assert.equal((await predict(POSITIVE, { topK: undefined })).scores.length, all);
});

/** A module whose only function uses `i8x16.relaxed_swizzle`. */
const RELAXED_MODULE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0],
  ...[10, 16, 1, 14, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2, 26, 11],
);

test("info describes the loaded model", async () => {
  const { info, labels } = classifier;
  assert.ok(labels.includes("negative") && labels.includes("positive"));
  assert.deepEqual(info.labels, labels);
  assert.equal(info.multiLabel, false);
  assert.ok(info.maxTokens > 2 && typeof info.name === "string" && typeof info.version === "string");
  assert.match(info.kernel, WebAssembly.validate(RELAXED_MODULE) ? /^relaxed-dot-(i16x8|i32x4)$/ : /^simd128$/);
  assert.ok(info.memoryBytes > 1e6 && info.memoryBytes % 65536 === 0);
});

test("tokenize returns ids, tokens and offsets", async () => {
  const { ids, tokens, offsets, unknownFraction } = await classifier.tokenize("Good 👍 film");
  assert.equal(unknownFraction, tokens.filter((token) => token === "[UNK]").length / 3);
  assert.deepEqual(tokens.slice(0, 2), ["[CLS]", "good"]);
  assert.equal(tokens.at(-1), "[SEP]");
  assert.equal(ids.length, tokens.length);
  assert.deepEqual(
    [offsets[0], offsets[1], offsets.at(-2), offsets.at(-1)],
    [
      [0, 0],
      [0, 4],
      [8, 12],
      [0, 0],
    ],
  );
});

test("a text that is not a string is invalid-input", async () => {
  for (const value of [
    undefined,
    null,
    42,
    true,
    {},
    Symbol("text"),
    () => "",
    new String("text"),
    new Uint8Array(2),
  ]) {
    await fails(() => predict(value), "invalid-input");
    await fails(() => classifier.predict(value), "invalid-input");
    await fails(() => classifier.predict(["good", value]), "invalid-input", { index: 1 });
    await fails(() => classifier.tokenize(value), "invalid-input");
  }
  await fails(() => classifier.predict(Object.assign(Array(3), { 0: "a", 2: "b" })), "invalid-input", { index: 1 });
});

test("a text of white space is empty-text", async () => {
  for (const text of ["", " ", "\t\r\n", "\u00a0\u3000\u2003"]) {
    await fails(() => predict(text), "empty-text");
    await fails(() => classifier.predict(text), "empty-text");
    await fails(() => classifier.predict(["good", "bad", text]), "empty-text", { index: 2 });
  }
});

test("an invalid option is invalid-input, and the message names it", async () => {
  for (const topK of [0, -1, 1.5, NaN, Infinity, "1", null, 1n]) {
    await fails(() => predict(POSITIVE, { topK }), "invalid-input", { message: /topK/ });
  }
  for (const threshold of [-0.1, 1.1, NaN, "0.5", null, true]) {
    await fails(() => predict(POSITIVE, { threshold }), "invalid-input", { message: /threshold/ });
  }
  for (const longText of ["windows", "", 1, null, {}]) {
    await fails(() => predict(POSITIVE, { longText }), "invalid-input", {
      message: /longText must be "window", "truncate" or "error"/,
    });
  }
  for (const explain of ["yes", 1, null, [], () => {}]) {
    await fails(() => predict(POSITIVE, { explain }), "invalid-input", { message: /explain/ });
  }
  const explanations = {
    lable: ["positive", /"lable" in explain/],
    label: [1, /explain\.label/],
    method: ["lime", /explain\.method must be "occlusion" or "shapley", not "lime"/],
    samples: [5, /need method "shapley", not "occlusion"/],
    seed: [5, /need method "shapley"/],
  };
  for (const [key, [value, message]] of Object.entries(explanations)) {
    await fails(() => predict(POSITIVE, { explain: { [key]: value } }), "invalid-input", { message });
  }
  for (const value of [-1, 1.5, NaN, "1", null, 2 ** 53]) {
    const explain = { method: "shapley" };
    await fails(() => predict(POSITIVE, { explain: { ...explain, samples: value } }), "invalid-input", {
      message: /samples/,
    });
    await fails(() => predict(POSITIVE, { explain: { ...explain, seed: value } }), "invalid-input", {
      message: /seed/,
    });
  }
  await fails(() => predict(POSITIVE, { explain: { label: "joy" } }), "invalid-input", { message: /"joy".*positive/ });
  await fails(() => predict(POSITIVE, { onProgress: 1 }), "invalid-input", { message: /onProgress/ });
  await fails(() => predict(POSITIVE, { topk: 1 }), "invalid-input", { message: /"topk"/ });
  await fails(() => predict(POSITIVE, null), "invalid-input");
  await fails(() => predict(POSITIVE, 1), "invalid-input");
  for (const workers of [-1, 1.5, NaN, Infinity, "1", true, false, null, {}]) {
    await fails(() => createClassifier({ workers }), "invalid-input", {
      message: /workers must be "auto" or an integer of at least 0/,
    });
  }
  for (const cache of [0, "no", null])
    await fails(() => createClassifier({ cache }), "invalid-input", { message: /cache/ });
  for (const signal of [null, {}, new AbortController()]) {
    await fails(() => createClassifier({ signal }), "invalid-input", { message: /signal/ });
    await fails(() => predict(POSITIVE, { signal }), "invalid-input", { message: /signal/ });
    await fails(() => classifier.tokenize(POSITIVE, { signal }), "invalid-input", { message: /signal/ });
  }
  await fails(() => classifier.tokenize(POSITIVE, { topK: 1 }), "invalid-input", { message: /"topK"/ });
  await fails(() => createClassifier({ worker: 1 }), "invalid-input", { message: /"worker"/ });
  await fails(() => createClassifier({ onProgress: 1 }), "invalid-input", { message: /onProgress/ });
  await fails(() => createClassifier({ model: 42 }), "invalid-input", { message: /model/ });
  await fails(() => createClassifier({ model: "http://[" }), "invalid-input", { message: /URL/ });
  await fails(() => createClassifier({ model: { ...good, weights: 1 } }), "invalid-input", { message: /"weights"/ });
  await fails(() => createClassifier({ model: { ...good, config: "{}" } }), "invalid-input", {
    message: /model\.config/,
  });
});

// The crate's tests (tests/bad_input.rs, tests/hostile.rs) have the bad models. Here: the codes reach the caller.
test("the code of a bad model is that of the crate", async () => {
  const truncated = good.model.subarray(0, good.model.length >> 1);
  await fails(() => createClassifier({ model: { ...good, model: truncated } }), "model-malformed");
  const unsupported = await fixture("bad/unsupported-op.onnx");
  await fails(() => createClassifier({ model: { ...good, model: unsupported } }), "model-unsupported");
});

test("files that litmus.json does not describe are checksum-mismatch", async () => {
  const manifest = await readFile(join(folder, "litmus.json"));
  const whole = await createClassifier({ model: { ...good, manifest } });
  assert.equal((await whole.predict(NEGATIVE)).label, "negative");
  whole.close();
  for (const file of ["config", "tokenizer", "model"]) {
    const wrong = Buffer.from(good[file]);
    wrong[wrong.length - 1] ^= 1;
    const model = { ...good, manifest, [file]: wrong };
    await fails(() => createClassifier({ model }), "checksum-mismatch", { message: new RegExp(file) });
  }
});

test("the files of a list are found by name", async () => {
  const file = (name, bytes) => new File([bytes], name);
  const files = [
    file("config.json", good.config),
    file("tokenizer.json", good.tokenizer),
    file("model.onnx", good.model),
  ];
  const listed = await createClassifier({ model: new Set(files) });
  assert.equal((await listed.predict(NEGATIVE)).label, "negative");
  listed.close();
  await fails(() => createClassifier({ model: files.slice(1) }), "model-not-found", { message: /config\.json/ });
});

test("a model folder is given by path, file URL or http URL; a missing one is model-not-found", async () => {
  for (const model of [folder, pathToFileURL(folder), pathToFileURL(`${folder}/`).href]) {
    const other = await createClassifier({ model });
    assert.equal((await other.predict(NEGATIVE)).label, "negative");
  }
  await fails(() => createClassifier({ model: "no/such/folder" }), "model-not-found", {
    message: /no\/such\/folder\/\S+: there is no such file/,
  });
  await fails(() => createClassifier({ model: join(folder, "config.json") }), "model-not-found", {
    message: /config\.json\/\S+: there is no such file/,
  });
  const server = createServer(async (request, response) => {
    const file = request.url.replace("/model/", "");
    const body = request.url.startsWith("/model/") && (await readFile(join(folder, file)).catch(() => undefined));
    response.writeHead(body ? 200 : 404).end(body || undefined);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const overHttp = await createClassifier({ model: `${url}/model` });
  assert.equal((await overHttp.predict(NEGATIVE)).label, "negative");
  await fails(() => createClassifier({ model: `${url}/none/` }), "model-not-found", {
    message: /\/none\/.*status 404/,
  });
  server.close();
  server.closeAllConnections();
  await fails(() => createClassifier({ model: `${url}/model/` }), "download-failed", { message: /127\.0\.0\.1/ });
});

/** Allowed difference from onnxruntime's float32 scores: our weights have 7 bits and our activations 8. */
const MAX_SCORE_ERROR = 0.05;

test("a multi-label model of other tools, with segment ids and a pooler", async () => {
  const tiny = await createClassifier({ model: join(process.env.LITMUS_FIXTURES, "tiny") });
  assert.deepEqual(tiny.labels, ["joy", "anger", "surprise"]);
  assert.equal(tiny.info.multiLabel, true);
  assert.deepEqual([tiny.info.name, tiny.info.version], [null, null]);
  const { cases } = JSON.parse(await fixture("tiny/golden.json"));
  const predictions = await tiny.predict(cases.map(({ text }) => text));
  for (const [i, { scores, label, labels, score }] of predictions.entries()) {
    assert.deepEqual(scores[0], { label, score });
    assert.deepEqual(
      labels,
      scores.filter(({ score }) => score >= 0.5).map(({ label }) => label),
    );
    for (const each of scores) {
      const expected = cases[i].scores[tiny.labels.indexOf(each.label)];
      assert.ok(
        Math.abs(each.score - expected) < MAX_SCORE_ERROR,
        `${cases[i].text}: ${each.label} ${each.score}, not ${expected}`,
      );
    }
  }
  const none = await tiny.predict("zebra", { threshold: 0.99 });
  assert.deepEqual([none.label, none.labels], [null, []]);
  assert.equal("labels" in (await classifier.predict("zebra")), false, "a single-label model has no labels");
  tiny.close();
});

/** Allowed difference of float32 scores from onnxruntime's. */
const MAX_FLOAT_ERROR = 1e-4;

test("precision: float32 gives onnxruntime's scores, and info says which layers it is", async () => {
  const model = join(process.env.LITMUS_FIXTURES, "folders/xlm-roberta");
  const { cases } = JSON.parse(await fixture("folders/xlm-roberta/golden.json"));
  const [{ text, logits }] = cases;
  const powers = logits.map(Math.exp);
  const sum = powers.reduce((sum, power) => sum + power);
  for (const [workers, precision, maxError] of [
    [0, "float32", MAX_FLOAT_ERROR],
    [1, "float32", MAX_FLOAT_ERROR],
    [0, "int8", MAX_SCORE_ERROR],
    [0, undefined, MAX_SCORE_ERROR],
  ]) {
    const loaded = await createClassifier({ model, workers, precision });
    const { option, floatLayers } = loaded.info.precision;
    assert.equal(option, precision ?? "auto");
    assert.equal(floatLayers.length > 0, precision === "float32");
    for (const { label, score } of (await loaded.predict(text)).scores) {
      const expected = powers[loaded.labels.indexOf(label)] / sum;
      assert.ok(Math.abs(score - expected) < maxError, `${precision}: ${label} ${score}, not ${expected}`);
    }
    loaded.close();
  }
  await fails(() => createClassifier({ precision: "f16" }), "invalid-input", {
    message: /"auto", "int8" or "float32"/,
  });
});

test("a program that is not a file has worker threads, also with an option that no worker may have", async () => {
  const program = `
    import { createClassifier } from "litmus-text";
    const classifier = await createClassifier({ workers: 1 });
    console.log(classifier.info.runsIn, (await classifier.predict("${POSITIVE}")).label);
    classifier.close();`;
  for (const options of [["--input-type=module"], ["--max-old-space-size=2000", "--input-type", "module"]]) {
    const { stdout } = await promisify(execFile)(process.execPath, [...options, "-e", program], { cwd: installed });
    assert.equal(stdout, "worker-threads positive\n");
  }
});

test("a graph with its weights in a second file", async () => {
  const path = "architectures/minilm-dynamo20-eager-external.onnx";
  const model = await fixture(path);
  const folder = "folders/xlm-roberta";
  const files = {
    config: await fixture(`${folder}/config.json`),
    tokenizer: await fixture(`${folder}/tokenizer.json`),
    model,
  };
  await fails(() => createClassifier({ model: files }), "model-not-found", { message: /-external\.onnx\.data/ });
  const name = path.replace("architectures/", "").concat(".data");
  const data = { [name]: await fixture(`${path}.data`) };
  // The tokenizer has more tokens than this model's table has rows, which is only known once the weights are read.
  await fails(() => createClassifier({ model: { ...files, data } }), "model-malformed", {
    message: /has only 50 rows/,
  });
});

test("progress of a file on disk ends at its size", async () => {
  const last = new Map();
  const counted = await createClassifier({ onProgress: (event) => last.set(event.file, event) });
  assert.deepEqual(last.get("model.onnx"), { file: "model.onnx", loaded: good.model.length, total: good.model.length });
  counted.close();
});

test("calls of a closed classifier reject, and other classifiers work on", async () => {
  const other = await createClassifier();
  other.close();
  other.close();
  await fails(() => other.predict("good"), "closed");
  await fails(() => other.predict([]), "closed");
  await fails(() => other.tokenize("good"), "closed");
  let kept;
  {
    const disposed = await createClassifier();
    kept = disposed;
    disposed[Symbol.dispose]();
  }
  await fails(() => kept.predict("good"), "closed");
  const later = await createClassifier();
  await later[Symbol.asyncDispose]();
  await fails(() => later.predict("good"), "closed");
});
