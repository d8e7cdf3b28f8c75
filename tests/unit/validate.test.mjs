import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@cfworker/json-schema";
import { importSource } from "./source.mjs";

const { CALL, checkOptions, checkPredictOptions, checkSource, checkText, checkTexts, CLASSIFIER, PREDICTION_OPTIONS } =
  await importSource("shared/validate.ts", "shared/options.ts");

const invalid = (message, index) => ({ code: "invalid-input", message, ...(index === undefined ? {} : { index }) });

test("wrong values are named, with what was expected", () => {
  const wrong = [
    [{ topK: 0 }, "topK must be an integer of at least 1, not 0"],
    [{ topK: 1.5 }, "topK must be an integer of at least 1, not 1.5"],
    [{ threshold: "0.5" }, 'threshold must be a number from 0 to 1, or such values by task, not "0.5"'],
    [{ threshold: NaN }, "threshold must be a number from 0 to 1, or such values by task, not NaN"],
    [{ longText: "cut" }, 'longText must be "window", "truncate" or "error", not "cut"'],
    [{ explain: "yes" }, 'explain must be true, false or an object, not "yes"'],
    [{ explain: [] }, "explain must be true, false or an object, not an array"],
    [{ explain: { method: "lime" } }, 'explain.method must be "occlusion" or "shapley", not "lime"'],
    [{ explain: { method: "shapley", samples: 1001 } }, "explain.samples must be an integer from 1 to 1000, not 1001"],
    [{ explain: { label: null } }, "explain.label must be a string, or such values by task, not null"],
    [{ activation: "relu" }, 'activation must be "softmax", "sigmoid" or "none", not "relu"'],
    [{ specialTokens: true }, 'specialTokens must be "text" or "special", not a value of type Boolean'],
    [{ zeroShot: ["a"] }, "zeroShot must be an object, not an array"],
    [{ zeroShot: {} }, "zeroShot.labels must be an array of 1 to 1000 strings, not undefined"],
    [{ zeroShot: { labels: [] } }, "zeroShot.labels must be an array of 1 to 1000 strings, not an array"],
    [{ zeroShot: { labels: ["a"], multiLabel: 1 } }, "zeroShot.multiLabel must be true or false, not 1"],
    [{ timeout: 0 }, "timeout must be an integer of milliseconds from 1 to 2147483647, not 0"],
    [{ timeout: 2 ** 31 }, "timeout must be an integer of milliseconds from 1 to 2147483647, not 2147483648"],
    [{ signal: {} }, "signal must be an AbortSignal, not a value of type Object"],
    [{ signal: new AbortController() }, "signal must be an AbortSignal, not a value of type AbortController"],
    [{ timeout: Promise.resolve(1) }, /^timeout must be .*, not a promise: await it$/],
    [new URL("https://example.org/"), "options must be an object, not a value of type URL"],
    [Promise.resolve({}), "options must be an object, not a promise: await it"],
    [{ onProgress: 1 }, "onProgress must be a function, not 1"],
    [null, "options must be an object, not null"],
  ];
  for (const [options, message] of wrong) assert.throws(() => checkPredictOptions(options), invalid(message));
});

test("unknown options are rejected, and the known ones listed", () => {
  assert.throws(() => checkPredictOptions({ topk: 1 }), {
    message:
      'unknown key "topk" in options (known: signal, timeout, onProgress, task, tasks, topK, threshold, activation, longText, ' +
      "specialTokens, explain, zeroShot)",
  });
  assert.throws(() => checkPredictOptions({ explain: { lable: "a" } }), {
    message: 'unknown key "lable" in explain (known: label, method, samples, seed)',
  });
  assert.throws(() => checkOptions({ topK: 1 }, CALL), {
    message: 'unknown key "topK" in options (known: signal, timeout): it is an option of predict',
  });
  assert.throws(() => checkPredictOptions({ workers: 2 }), /\): it is an option of createClassifier$/);
  assert.throws(() => checkPredictOptions({ explain: { topK: 1 } }), /\): it is an option of predict$/);
  assert.throws(() => checkOptions({ threshold: 1 }, CLASSIFIER), /\): it is an option of predict$/);
  assert.throws(() => checkOptions({ constructor: 1 }, CLASSIFIER), /"constructor" in options \([^)]*\)$/);
  assert.throws(() => checkOptions({ worker: 1 }, CLASSIFIER), /unknown key "worker"/);
});

test("valid options pass, undefined ones too", () => {
  checkPredictOptions();
  checkPredictOptions({ topK: undefined, explain: undefined, signal: undefined });
  checkPredictOptions({ topK: 1, threshold: 0, longText: "error", explain: true, onProgress() {}, timeout: 1 });
  checkPredictOptions({
    threshold: 1,
    explain: { label: "", method: "shapley", samples: 1000, seed: 0 },
    signal: new AbortController().signal,
  });
  for (const workers of ["auto", 0, 1, 64]) checkOptions({ workers, cache: false, model: "any" }, CLASSIFIER);
});

test("a threshold and a label by task need several tasks", () => {
  const byTask = { threshold: { sentiment: 0.5 }, explain: { label: { sentiment: "positive" } } };
  checkPredictOptions({ ...byTask, tasks: ["sentiment", "toxicity"] });
  for (const [name, value] of Object.entries(byTask)) {
    assert.throws(
      () => checkPredictOptions({ [name]: value }),
      invalid("a threshold or a label by task needs the option tasks"),
    );
  }
  for (const list of [{ threshold: [0.5] }, { explain: { label: ["positive"] } }])
    assert.throws(() => checkPredictOptions({ ...list, tasks: ["sentiment"] }), /by task, not an array$/);
});

test('workers is "auto" or a number', () => {
  for (const workers of [true, false, -1, 1.5, NaN, Infinity, "1", "Auto", null]) {
    assert.throws(() => checkOptions({ workers }, CLASSIFIER), /workers must be "auto" or an integer of at least 0/);
  }
});

test("samples and seed need the method shapley", () => {
  for (const explain of [{ samples: 5 }, { seed: 0 }, { method: "occlusion", seed: 1 }]) {
    assert.throws(
      () => checkPredictOptions({ explain }),
      invalid('explain.samples and explain.seed need method "shapley", not "occlusion"'),
    );
  }
});

test("the package and the service's schema accept the same values", () => {
  const values = {
    task: ["sentiment", 1, null, ["sentiment"]],
    tasks: [["sentiment"], ["a", "b"], [], [1], "sentiment", null, Array(101).fill("a")],
    topK: [1, 2 ** 53 - 1, 0, -1, 1.5, "1", null, 2 ** 53, true],
    threshold: [0, 0.5, 1, -0.1, 1.1, "1", null, { sentiment: 1.1 }, { sentiment: "1" }],
    activation: ["softmax", "sigmoid", "none", "relu", 1, null],
    longText: ["window", "truncate", "error", "", 1, null],
    specialTokens: ["text", "special", "", true, null],
    explain: [
      true,
      false,
      {},
      { method: "shapley" },
      { method: "x" },
      { label: 1 },
      { method: "shapley", samples: 0 },
      { method: "shapley", seed: -1 },
      "a",
      1,
      null,
      [],
    ],
    zeroShot: [
      { labels: ["a"] },
      { labels: ["a", "b"], hypothesis: "{}", multiLabel: true },
      {},
      { labels: [] },
      { labels: [1] },
      { labels: "a" },
      { labels: Array(1001).fill("a") },
      { labels: ["a"], hypothesis: 1 },
      { labels: ["a"], multiLabel: "yes" },
      true,
      null,
    ],
  };
  assert.deepEqual(Object.keys(values), Object.keys(PREDICTION_OPTIONS));
  for (const [name, list] of Object.entries(values)) {
    const validator = new Validator(PREDICTION_OPTIONS[name], "2020-12");
    const verdicts = new Set();
    for (const value of list) {
      let accepted = true;
      try {
        checkPredictOptions({ [name]: value });
      } catch {
        accepted = false;
      }
      assert.equal(validator.validate(value).valid, accepted, `${name}: ${JSON.stringify(value)}`);
      verdicts.add(accepted);
    }
    assert.equal(verdicts.size, 2, `${name} has right and wrong values`);
  }
});

test("texts are strings or pairs, without holes", () => {
  checkText("");
  checkTexts("text");
  checkTexts([]);
  checkTexts(["a", "b"]);
  checkTexts({ text: "a", pair: "b" });
  checkTexts(["a", { text: "a", pair: "b" }, { text: "a", pair: undefined }]);
  assert.throws(() => checkText(["a"]), invalid("text must be a string, not an array"));
  assert.throws(
    () => checkTexts(new Map()),
    invalid("text must be a string, { text, pair } or an array of these, not a value of type Map"),
  );
  assert.throws(
    () => checkTexts(["a", 1n]),
    invalid("text 1 must be a string or { text, pair }, not a value of type BigInt", 1),
  );
  assert.throws(() => checkTexts(Promise.resolve("a")), { message: /, not a promise: await it$/ });
  assert.throws(
    () => checkTexts(Object.assign(Array(3), { 0: "a", 2: "b" })),
    invalid("text 1 must be a string or { text, pair }, not undefined", 1),
  );
  for (const [wrong, messageOf] of [
    [{ pair: "a" }, (name) => `${name}.text must be a string, not undefined`],
    [{ text: 1 }, (name) => `${name}.text must be a string, not 1`],
    [{ text: "a", pair: 1 }, (name) => `${name}.pair must be a string, not 1`],
    [{ text: "a", pair: null }, (name) => `${name}.pair must be a string, not null`],
    [{ text: "a", id: 1 }, (name) => `unknown key "id" in ${name} (known: text, pair)`],
  ]) {
    assert.throws(() => checkTexts(["a", wrong]), invalid(messageOf("text 1"), 1));
    assert.throws(() => checkTexts(wrong), invalid(messageOf("text")));
  }
});

test("a stream's source is iterable and not a string", () => {
  for (const source of [[], new Set(), (function* () {})(), (async function* () {})()]) checkSource(source);
  for (const source of ["text", 1, null, undefined, {}]) {
    assert.throws(() => checkSource(source), /stream takes an iterable of texts, not/);
  }
});
