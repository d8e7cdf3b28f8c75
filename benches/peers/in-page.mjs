// Measurements of the peers and of our runtime, which peers.mjs runs in a page. Times are in milliseconds.
import { check, textOf } from "../measure.mjs";
import { batch, first } from "../texts.mjs";

// Allowed difference of the margin between two logits from the float32 graph. Float32 graphs differ by the order of
// sums. Dynamic int8 with a scale per tensor is off by up to 2.1 on these texts: the bound only checks that it is the
// same model.
const FLOAT32_BOUND = 1e-2;
const INT8_BOUND = 3;
/** The bound of our own runtime. */
const OUR_BOUND = 0.5;

/** The logit of "positive" minus the logit of "negative". The labels are negative, neutral, positive. */
const marginOf = (logits) => logits[2] - logits[0];

/** Unambiguous texts, and whether they are positive. */
const CLEAR = {
  [first]: true,
  "An absolute joy from the first page to the last.": true,
  "Overpriced, overcooked and over-salted.": false,
};

/** The contender that has no weights of ours: transformers.js with a network of its default size. */
export const DISTILBERT = "transformers.js, DistilBERT's size";

const LENGTHS = [16, 32, 128];
const MODELS = "/peer-models/";
const ORT = new URL("./node_modules/onnxruntime-web/dist/", import.meta.url);
const TRANSFORMERS = new URL("./node_modules/@huggingface/transformers/", import.meta.url);

const bytesOf = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());

async function loadOurs() {
  const { createClassifier } = await import("../litmus-text/dist/index.js");
  return createClassifier();
}

/** The wasm-only build of onnxruntime-web with its loader bundled: the smallest, and the fastest to start. */
async function loadOrt(wasm) {
  const ort = await import(new URL("ort.wasm.bundle.min.mjs", ORT));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = wasm;
  return ort;
}

const ortWasm = () => bytesOf(new URL("ort-wasm-simd-threaded.wasm", ORT));

function feeds(ort, ids) {
  const tensor = (values) => new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, ids.length]);
  return { input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1)) };
}

/**
 * The pipeline with default settings and local files. `lean`: with onnxruntime's wasm for the CPU instead of the
 * default one with WebGPU, and without copies in the Cache API. `folder` of the model: "sentiment" has our weights,
 * "distilbert" is a network of DistilBERT's size with random ones.
 */
async function loadTransformers(lean, folder = "sentiment") {
  const { env, pipeline } = await import(new URL(`dist/transformers.min.js?${lean ? "lean" : ""}`, TRANSFORMERS));
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = `${MODELS}transformers/`;
  const { wasm } = env.backends.onnx;
  const path = new URL(
    `node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded${lean ? "" : ".asyncify"}`,
    TRANSFORMERS,
  );
  wasm.wasmPaths = { mjs: `${path}.mjs`, wasm: `${path}.wasm` };
  wasm.numThreads = 1;
  if (lean) env.useBrowserCache = env.useWasmCache = false;
  return pipeline("text-classification", folder, { device: "wasm", dtype: "q8" });
}

/** The margin of the logits from which a softmax made these scores. */
function marginOfScores(scores) {
  const of = (label) => scores.find((each) => each.label === label).score;
  return Math.log(of("positive") / of("negative"));
}

const mapValues = (object, make) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, make(value)]));

/** The times of each contender, called in turn: A B C, A B C, … The first `warm` rounds are not measured. */
async function timeRounds(count, warm, contenders) {
  const times = mapValues(contenders, () => []);
  for (let round = -warm; round < count; round++) {
    for (const [name, call] of Object.entries(contenders)) {
      const start = performance.now();
      await call();
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  return times;
}

/**
 * Checks the kernels of roofline.rs against plain arithmetic. Resolves to functions that run them, by name, and the
 * multiply-adds of each.
 */
async function loadRoofline(wasm) {
  const { instance } = await WebAssembly.instantiate(new Uint8Array(wasm));
  const { memory, sums, four_bit_sums } = instance.exports;
  const [rows, channels, inputs, group] = [4, 8, 384, 4];
  // Behind the memory of the module itself.
  const start = memory.grow(1) * 65536;
  const pointers = { weights: start, values: start + 4096, sums: start + 8192 };
  const weights = new Uint8Array(memory.buffer, pointers.weights, channels * inputs);
  const values = new Int8Array(memory.buffer, pointers.values, rows * inputs);
  weights.set(Array.from(weights, (_, i) => ((i * 37) % 127) % 16));
  values.set(Array.from(values, (_, i) => ((i * 53) % 255) - 127));
  const passes = 10_000;
  const inRow = (row, k) => row * inputs + k;
  const inTile = (row, k) => (k - (k % group)) * rows + row * group + (k % group);
  // For each kernel: the function, its last arguments, the order of the rows, and the multiple of the weights.
  const kernels = {
    "sums of 2": [sums, [0], inRow, 1],
    "sums of 4": [sums, [1], inRow, 1],
    "4-bit weights": [four_bit_sums, [32], inTile, 3],
  };
  const run = {};
  for (const [kernel, [multiply, last, order, multiple]] of Object.entries(kernels)) {
    const name = `roofline, ${kernel}`;
    const multiplyTimes = (count) => multiply(count, inputs, pointers.weights, pointers.values, pointers.sums, ...last);
    multiplyTimes(2);
    const actual = new Int32Array(memory.buffer, pointers.sums, rows * channels);
    for (const [index, sum] of actual.entries()) {
      const [row, channel] = [Math.floor(index / channels), index % channels];
      let expected = 0;
      for (let k = 0; k < inputs; k++) {
        const weight = weights[(k - (k % group)) * channels + channel * group + (k % group)];
        expected += multiple * weight * values[order(row, k)];
      }
      check(sum === 2 * expected, `${name}: ${sum} at row ${row}, channel ${channel}`);
    }
    run[name] = () => multiplyTimes(passes);
  }
  return { run, macs: passes * rows * channels * inputs };
}

/**
 * The largest difference of each contender's margins from float32. Throws if it is over the bound or a label is wrong.
 */
async function marginErrorsOf(texts, float32, contenders, boundOf) {
  const errors = {};
  for (const [name, margin] of Object.entries(contenders)) {
    for (const [text, positive] of Object.entries(CLEAR)) {
      check((await margin(text)) > 0 === positive, `${name} misjudges "${text}"`);
    }
    errors[name] = 0;
    for (const text of texts) {
      const [expected, actual] = [await float32(text), await margin(text)];
      const error = Math.abs(actual - expected);
      check(error <= boundOf(name), `${name}: margin ${actual}, ${expected} in float32, of "${text}"`);
      errors[name] = Math.max(errors[name], error);
    }
  }
  return errors;
}

/**
 * Latencies in one page, warm. `made` is made.json of models.py, `temperature` our calibration, `counts` the rounds for
 * each length and for the batch, `ours` whether our runtime takes part.
 */
export async function speed({ made, temperature, counts, ours, roofline }) {
  const kernels = await loadRoofline(roofline);
  const pipelines = {
    "transformers.js": await loadTransformers(false),
    "transformers.js, lean": await loadTransformers(true),
  };
  const distilbert = await loadTransformers(false, "distilbert");
  const ort = await loadOrt(await ortWasm());
  const sessions = {};
  for (const name of [...made.float32, ...made.int8]) {
    sessions[name] = await ort.InferenceSession.create(await bytesOf(`${MODELS}${name}.onnx`));
  }
  const classifier = ours && (await loadOurs());

  const { tokenizer } = pipelines["transformers.js"];
  const idsOf = (text) => Array.from(tokenizer(text).input_ids.data, Number);
  const texts = [];
  for (const tokens of LENGTHS) texts.push(await textOf(tokens, (text) => idsOf(text).length));

  const logits = async (session, text) => (await session.run(feeds(ort, idsOf(text)))).logits.data;
  const marginIn = (session) => async (text) => marginOf(await logits(session, text));
  const contenders = {
    ...mapValues(sessions, marginIn),
    ...mapValues(pipelines, (pipeline) => async (text) => marginOfScores(await pipeline(text, { top_k: null }))),
  };
  if (classifier) {
    contenders.ours = async (text) => marginOfScores((await classifier.predict(text)).scores) * temperature;
    for (const text of [...texts, ...batch]) {
      const { ids } = await classifier.tokenize(text);
      check(ids.join() === idsOf(text).join(), `tokens of "${text}"`);
    }
  }
  const boundOf = (name) => (name === "ours" ? OUR_BOUND : made.float32.includes(name) ? FLOAT32_BOUND : INT8_BOUND);
  const marginErrors = await marginErrorsOf([...texts, ...batch], contenders[made.float32[0]], contenders, boundOf);

  const timesMs = {};
  for (const text of texts) {
    const ids = idsOf(text);
    const inputs = feeds(ort, ids);
    timesMs[ids.length] = await timeRounds(counts[ids.length], counts.warm, {
      ...(classifier && { ours: () => classifier.predict(text) }),
      ...mapValues(sessions, (session) => () => session.run(inputs)),
      ...mapValues(pipelines, (pipeline) => () => pipeline(text)),
      [DISTILBERT]: () => distilbert(text),
      ...(text === texts.at(-1) && kernels.run),
    });
  }
  const oneByOne = async (pipeline) => {
    for (const text of batch) await pipeline(text);
  };
  timesMs.batch = await timeRounds(counts.batch, Math.ceil(counts.warm / 4), {
    ...(classifier && { ours: () => classifier.predict(batch) }),
    ...mapValues(pipelines, (pipeline) => () => pipeline(batch)),
    ...Object.fromEntries(
      Object.entries(pipelines).map(([name, each]) => [`${name}, one by one`, () => oneByOne(each)]),
    ),
  });
  return {
    timesMs,
    marginErrors,
    rooflineMacs: kernels.macs,
    firstIds: idsOf(first),
    longIds: idsOf(texts.at(-1)),
    longText: texts.at(-1),
    onnxruntime: ort.env.versions.web,
  };
}

/** onnxruntime-web from files in memory to the first logits. Its JavaScript is loaded, and the text is tokenised. */
export async function ortFromMemory({ name, ids }) {
  const [wasm, model] = [await ortWasm(), await bytesOf(`${MODELS}${name}.onnx`)];
  const ort = await loadOrt(wasm);
  const start = performance.now();
  const session = await ort.InferenceSession.create(model);
  const { logits } = await session.run(feeds(ort, ids));
  const end = performance.now();
  check(marginOf(logits.data) > 0, `${name} calls "${first}" negative`);
  return end - start;
}

/** From the navigation to the first prediction of transformers.js, downloads included. */
export async function transformersFromPageOpen({ lean }) {
  const pipeline = await loadTransformers(lean);
  const [{ label }] = await pipeline(first);
  check(label === "positive", label);
  return performance.now();
}

/** The same with the network of DistilBERT's size, whose weights are random: any label is right. */
export async function distilbertFromPageOpen() {
  const pipeline = await loadTransformers(false, "distilbert");
  const [{ label, score }] = await pipeline(first);
  check(score >= 0.5 && score <= 1, `${label} ${score}`);
  return performance.now();
}

const THOUSAND = Array.from({ length: 1000 }, (_, i) => `movie ${i} is a gorgeous one`);

/** A load and 1,000 predictions, one by one. */
export async function ourThousand() {
  const classifier = await loadOurs();
  for (const text of THOUSAND) check((await classifier.predict(text)).label === "positive", text);
  classifier.close();
}

export async function transformersThousand({ lean }) {
  const pipeline = await loadTransformers(lean);
  for (const text of THOUSAND) check((await pipeline(text))[0].label === "positive", text);
}

/** The size of all wasm memories after `work`. It is their peak: a wasm memory never shrinks. */
async function memoryAfter(work) {
  const memories = new Set();
  const { Memory, instantiate, instantiateStreaming } = WebAssembly;
  const record = (result) => {
    for (const each of Object.values((result.instance ?? result).exports))
      if (each instanceof Memory) memories.add(each);
    return result;
  };
  WebAssembly.Memory = class extends Memory {
    constructor(...options) {
      super(...options);
      memories.add(this);
    }
  };
  WebAssembly.instantiate = async (...args) => record(await instantiate(...args));
  WebAssembly.instantiateStreaming = async (...args) => record(await instantiateStreaming(...args));
  await work();
  check(memories.size > 0, "no wasm memory seen");
  return [...memories].reduce((total, { buffer }) => total + buffer.byteLength, 0);
}

/** The wasm memory of our worker, by its own account: the page cannot see it. */
export async function ourMemory({ text }) {
  const classifier = await loadOurs();
  await classifier.predict(text);
  return classifier.info.memoryBytes;
}

export const ortMemory = ({ name, ids }) =>
  memoryAfter(async () => {
    const ort = await loadOrt(await ortWasm());
    const session = await ort.InferenceSession.create(await bytesOf(`${MODELS}${name}.onnx`));
    await session.run(feeds(ort, ids));
  });

export const transformersMemory = ({ lean, text }) =>
  memoryAfter(async () => {
    await (await loadTransformers(lean))(text);
  });
