// Random arguments of any type: each call is answered or rejected with an error code, and the next call works.
// LITMUS_FUZZ_SECONDS sets the duration, LITMUS_FUZZ_SEED repeats a run.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { createClassifier, LitmusError, predict } from "litmus-text";
import { instances } from "./instances.mjs";

/** Runs of at most this many seconds use the same seed each time. */
const SHORT = 120;
const SECONDS = Number(process.env.LITMUS_FUZZ_SECONDS ?? SHORT);
const SEED = Number(process.env.LITMUS_FUZZ_SEED ?? (SECONDS > SHORT ? Date.now() % 2 ** 31 : 1));
/** Milliseconds after which a call counts as hanging. */
const HANG_MS = 60_000;

/** Thrown by getters of the random values. It may reach the caller unchanged. */
class Planted extends Error {}

/** Marsaglia 2003, "Xorshift RNGs". */
function random(seed) {
  let state = seed || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const next = random(SEED);
const pick = (list) => list[next(list.length)];
const planted = () => {
  throw new Planted("planted");
};
const revoked = (target) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};

const primitives = [
  ...[
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    2,
    1.5,
    NaN,
    Infinity,
    -Infinity,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e308,
    5e-324,
  ],
  ...[0n, -1n, 2n ** 64n, Symbol("s"), Symbol.iterator],
];
const characters = [
  "a",
  " ",
  "\0",
  "\ud800",
  "\udc00",
  "😀",
  "\u200b",
  "\ufffd",
  "é",
  "日",
  "\n",
  "[MASK]",
  "[CLS]",
  "##",
  "'",
  "\u202e",
];
const strings = [
  () => "",
  () => "a gorgeous movie",
  () => "[PAD]".repeat(next(30)),
  () => Array.from({ length: next(60) }, () => pick(characters)).join(""),
  () => String.fromCharCode(...Array.from({ length: next(40) }, () => next(65_536))),
  () => "good ".repeat(next(300)),
  () =>
    pick([
      "window",
      "truncate",
      "error",
      "occlusion",
      "shapley",
      "positive",
      "__proto__",
      "constructor",
      "http://",
      "data:,",
      "/nowhere/",
    ]),
];
const objects = [
  () => ({}),
  () => Object.create(null),
  () => [],
  () => Array(3),
  () => new Proxy({}, { get: planted, has: planted, ownKeys: planted }),
  () => new Proxy([], { get: planted }),
  () => revoked({}),
  () => revoked([]),
  () => () => {},
  () => planted,
  () => class {},
  () => new Date(NaN),
  () => /x/g,
  () => new Map([["topK", 1]]),
  () => new Set(["good"]),
  () => Promise.resolve("good"),
  () => Object.assign(Object.create({ topK: 0 }), {}),
  () => ({ toString: planted, valueOf: planted }),
  () => ({ length: 2, 0: "good", 1: "bad" }),
  () => new String("good"),
  () => ({ [Symbol.iterator]: planted }),
  () => ({ [Symbol.asyncIterator]: () => ({ next: planted }) }),
  () => ({ [Symbol.iterator]: () => ({ next: () => 7 }) }),
  () =>
    (function* () {
      yield anything(2);
      yield "good";
    })(),
  () =>
    (async function* () {
      yield "good";
      throw new Planted("planted");
    })(),
  () => new Uint8Array(next(40)),
  () => new Float64Array(2),
  () => new ArrayBuffer(next(9)),
  () => {
    const { buffer } = new Uint8Array(8);
    structuredClone(buffer, { transfer: [buffer] });
    return buffer;
  },
  () => new Uint8Array(new SharedArrayBuffer(4)),
  () => new DataView(new ArrayBuffer(1)),
  () => new Blob(["{"]),
  () => new File(["{}"], "config.json"),
  () => new Response("{}"),
  () => new Response("no", { status: 500 }),
  () => {
    const used = new Response("{}");
    void used.text();
    return used;
  },
  () => new URL("file:///nowhere/"),
  () => AbortSignal.abort(),
  () => AbortSignal.timeout(next(20)),
  () => new AbortController(),
  () => new LitmusError("timeout", "not ours"),
  () => globalThis,
];
const KEYS = [
  "signal",
  "timeout",
  "topK",
  "threshold",
  "longText",
  "explain",
  "onProgress",
  "model",
  "workers",
  "cache",
  "label",
  "method",
  "samples",
  "seed",
  "config",
  "tokenizer",
  "manifest",
  "precision",
  "length",
  "then",
  "0",
];

/** Any value, with others in it up to a depth. */
function anything(depth = 3) {
  switch (next(depth > 0 ? 6 : 4)) {
    case 0:
      return pick(primitives);
    case 1:
    case 2:
      return pick(strings)();
    case 3:
      return pick(objects)();
    case 4:
      return Array.from({ length: next(5) }, () => anything(depth - 1));
    default: {
      const object = {};
      for (let count = next(4); count > 0; count--) {
        const is = next(12) === 0 ? { get: planted } : { value: anything(depth - 1) };
        Object.defineProperty(object, pick(KEYS), { ...is, enumerable: true, configurable: true });
      }
      return object;
    }
  }
}

/** Options that are often right, so that calls get further than the first check. */
function options() {
  const some = {
    topK: 1 + next(3),
    threshold: next(11) / 10,
    longText: pick(["window", "truncate", "error"]),
    explain: next(2) === 0,
    signal: new AbortController().signal,
    timeout: 1 + next(5000),
    onProgress: () => {},
  };
  const object = Object.fromEntries(Object.entries(some).filter(() => next(4) === 0));
  return next(3) ? object : { ...object, [pick(KEYS)]: anything(2) };
}

let classifier;
let good;
before(async () => {
  const fixture = async (file) => new Uint8Array(await readFile(join(process.env.LITMUS_FIXTURES, "tiny", file)));
  good = {
    config: await fixture("config.json"),
    tokenizer: await fixture("tokenizer.json"),
    model: await fixture("model.onnx"),
  };
  classifier = await createClassifier({ model: good });
});

/** Awaits the call. Resolves to whether it was answered; a rejection must have a code or be a planted error. */
async function settles(name, call) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`${name} hangs`)), HANG_MS)));
  try {
    await Promise.race([(async () => call())(), late]);
    return true;
  } catch (error) {
    const own = error instanceof LitmusError && typeof error.code === "string" && error.message.length > 0;
    // A class is a function: as a listener, it throws when it is called.
    const theirs = error instanceof Planted || /revoked|^Class constructor/.test(error?.message);
    assert.ok(own || theirs, `${name}: ${error?.stack ?? String(error)}`);
    return false;
  } finally {
    clearTimeout(timer);
  }
}

async function drain(stream) {
  let count = 0;
  for await (const { prediction, error } of stream) {
    assert.ok(prediction || error instanceof LitmusError);
    if (++count === 50) break;
  }
}

const calls = {
  predict: () => classifier.predict(next(2) ? anything() : pick(strings)(), next(2) ? options() : anything()),
  batch: () =>
    classifier.predict(
      Array.from({ length: next(6) }, () => (next(8) ? pick(strings)() : anything())),
      options(),
    ),
  tokenize: () => classifier.tokenize(next(2) ? anything() : pick(strings)(), next(2) ? undefined : anything()),
  stream: () =>
    drain(classifier.stream(next(2) ? anything() : [anything(), "good", anything()], next(2) ? options() : anything())),
  // Only arguments that are rejected before the packaged model is loaded.
  default: () =>
    next(2)
      ? predict(pick([7, null, [1], {}, [undefined]]), anything())
      : predict("good", { [pick(KEYS)]: Symbol("no"), timeout: 0 }),
  create: async () => {
    const model = next(3) ? { ...good, [pick(["config", "tokenizer", "model", "manifest"])]: anything() } : anything();
    // No URLs, which would cause requests, and not the packaged model, which takes long to load.
    if (model === undefined || typeof model === "string" || model instanceof URL) return;
    const made = await createClassifier(
      next(2) ? { model } : { ...options(), model, [pick(["workers", "cache", "timeout", "nonsense"])]: anything() },
    );
    try {
      await made.predict("good");
    } finally {
      made.close();
    }
  },
};

// The error must not also become an unhandled rejection, which ends a Node program.
test("a model whose getters throw is rejected, once", async () => {
  const bad = { config: 1, tokenizer: 1, model: 1 };
  for (const role of ["config", "manifest"]) {
    const model = Object.defineProperty({ ...bad }, role, { get: planted, enumerable: true });
    assert.equal(await settles(role, () => createClassifier({ model })), false);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test(`${SECONDS} s of random arguments, seed ${SEED}`, { timeout: (SECONDS + 120) * 1000 }, async (t) => {
  const count = Object.fromEntries(Object.keys(calls).map((name) => [name, [0, 0]]));
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end; ) {
    const name = pick(Object.keys(calls));
    count[name][(await settles(name, calls[name])) ? 0 : 1]++;
  }
  for (const [name, [answered, rejected]] of Object.entries(count)) {
    t.diagnostic(`${name}: ${answered} answered, ${rejected} rejected`);
    assert.ok(rejected > 0, name);
  }
  assert.equal((await classifier.predict("the dog is happy")).scores.length, 3);
  assert.equal(instances, 1, "no value has crashed the WebAssembly instance");
});
