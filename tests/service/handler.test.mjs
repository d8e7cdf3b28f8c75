// The handler in this process: responses, streams, cache, limits, aborts, loading of the model.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Validator } from "@cfworker/json-schema";
import { createClassifier } from "litmus-text";
import { createHandler } from "litmus-text/handler";
import { computed } from "../node/instances.mjs";
import { cacheStatus, get, metric, NEGATIVE, POSITIVE, post, readLines, until, wait } from "./harness.mjs";

let classifier;
let handler;
before(async () => {
  classifier = await createClassifier();
  handler = createHandler({ classifier });
});
after(() => classifier.close());

let count = 0;
/** A text that is in no cache yet. */
const newText = () => `a film of ${++count} parts, seldom dull`;

const NDJSON = { headers: { accept: "application/x-ndjson" } };

test("the predictions of one text and of several are those of predict", async () => {
  const one = await handler(post({ text: POSITIVE }));
  assert.deepEqual([one.status, one.headers.get("content-type")], [200, "application/json"]);
  assert.deepEqual(await one.json(), await classifier.predict(POSITIVE));
  const both = await handler(post({ texts: [NEGATIVE, POSITIVE], topK: 1 }));
  assert.deepEqual(await both.json(), { predictions: await classifier.predict([NEGATIVE, POSITIVE], { topK: 1 }) });
  assert.deepEqual(await (await handler(post({ texts: [] }))).json(), { predictions: [] });
});

test("every option of predict is supported and is part of the cache key", async () => {
  const text = "Predictable, yet I loved every minute of it.";
  const long = "It was good. The end was not. ".repeat(80);
  const cases = [
    [text, {}],
    [text, { topK: 1 }],
    [text, { threshold: 1 }],
    [text, { explain: true }],
    [text, { explain: { label: "negative" } }],
    [text, { explain: { method: "shapley", samples: 4, seed: 1 } }],
    [text, { explain: { method: "shapley", samples: 4, seed: 2 } }],
    [text, { explain: { samples: 6, seed: 2, method: "shapley" } }],
    [long, {}],
    [long, { longText: "truncate" }],
    ["Никогда больше", {}],
    [text, { task: "toxicity" }],
    [text, { tasks: ["sentiment", "toxicity"] }],
    [text, { tasks: ["sentiment", "toxicity"], threshold: { sentiment: 1 } }],
    [text, { tasks: ["sentiment", "toxicity"], threshold: { toxicity: 0 } }],
    [text, { tasks: ["sentiment", "toxicity"], explain: { label: { sentiment: "negative" } } }],
  ];
  const seen = new Set();
  for (const [text, options] of cases) {
    const response = await handler(post({ text, ...options }));
    const body = await response.text();
    assert.deepEqual(
      [response.status, cacheStatus(response), seen.has(body)],
      [200, "miss", false],
      JSON.stringify(options),
    );
    assert.deepEqual(JSON.parse(body), await classifier.predict(text, options));
    seen.add(body);
    assert.equal(cacheStatus(await handler(post({ ...options, text }))), "hit");
  }
  const other = post({ text, explain: { seed: 2, method: "shapley", samples: 6 } });
  assert.equal(cacheStatus(await handler(other)), "hit", "the order of options does not matter");
});

test("the error of a batch has the index of the text at fault", async () => {
  const response = await handler(post({ texts: [POSITIVE, " ", NEGATIVE] }));
  assert.equal(response.status, 422);
  const { error } = await response.json();
  assert.deepEqual([error.code, error.index], ["empty-text", 1]);
  const alone = await (await handler(post({ text: " " }))).json();
  assert.deepEqual([alone.error.code, "index" in alone.error], ["empty-text", false]);
});

test("a client that accepts NDJSON receives lines, with an error of its own for each bad text", async () => {
  const headers = { accept: "application/json;q=0.5, application/x-ndjson" };
  const response = await handler(post({ texts: [POSITIVE, " ", "\ud800", NEGATIVE], topK: 1 }, { headers }));
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, "application/x-ndjson"]);
  const told = (await readLines(response)).map(({ index, prediction, error }) => [
    index,
    prediction?.label ?? error.code,
  ]);
  assert.deepEqual(told, [
    [0, "positive"],
    [1, "empty-text"],
    [2, "malformed-text"],
    [3, "negative"],
  ]);
  for (const accept of ["*/*", "application/json", "application/x-ndjson;q=0"]) {
    const whole = await handler(post({ texts: [POSITIVE] }, { headers: { accept } }));
    assert.equal(whole.headers.get("content-type"), "application/json", accept);
  }
});

test("a stream is computed no faster than it is read", async () => {
  const texts = Array.from({ length: 200 }, newText);
  const before = computed;
  const response = await handler(post({ texts }, NDJSON));
  await wait(1000);
  const ahead = computed - before;
  assert.ok(ahead > 0 && ahead <= 20, `${ahead} texts that were not read`);
  assert.equal((await readLines(response)).length, 200);
});

test("a stream that is not read any more ends, and its other texts are not computed", async () => {
  const impatient = createHandler({ classifier, limits: { time: 500 } });
  const texts = Array.from({ length: 1000 }, newText);
  const before = computed;
  const reader = (await impatient(post({ texts }, NDJSON))).body.getReader();
  await reader.read();
  assert.ok((await metric(impatient, "litmus_queue_length")) > 900);
  await until(async () => (await metric(impatient, "litmus_queue_length")) === 0);
  await wait(500);
  assert.ok(computed - before <= 20, `${computed - before} texts that were not read`);
  assert.equal((await impatient(post({ text: POSITIVE }))).status, 200);
});

test("x-litmus-cache is hit, miss or shared", async () => {
  const text = newText();
  const before = computed;
  const racing = await Promise.all(Array.from({ length: 5 }, () => handler(post({ text }))));
  assert.deepEqual(racing.map(cacheStatus), ["miss", "shared", "shared", "shared", "shared"]);
  assert.equal(computed - before, 1, "computed once");
  const bodies = await Promise.all(racing.map((each) => each.text()));
  const hit = await handler(post({ text }));
  assert.equal(cacheStatus(hit), "hit");
  assert.deepEqual(new Set([...bodies, await hit.text()]).size, 1, "the same bytes");
  assert.equal(cacheStatus(await handler(post({ text, topK: 1 }))), "miss", "other options");
  assert.equal(cacheStatus(await handler(post({ texts: [text, text] }))), "hit");
  assert.equal(cacheStatus(await handler(post({ texts: [text, newText()] }))), "miss");
  assert.equal(computed - before, 3);
});

test("the built-in cache has limits of entries, size and time", async () => {
  const texts = [newText(), newText(), newText()];
  const origins = async (cache, pause = 0) => {
    const other = createHandler({ classifier, cache });
    for (const text of texts) await other(post({ text }));
    await wait(pause);
    const statuses = [];
    for (const text of texts.toReversed()) statuses.push(cacheStatus(await other(post({ text }))));
    return statuses;
  };
  assert.deepEqual(await origins({}), ["hit", "hit", "hit"]);
  assert.deepEqual(await origins({ entries: 2 }), ["hit", "hit", "miss"]);
  assert.deepEqual(await origins({ size: 1600 }), ["hit", "hit", "miss"]);
  assert.deepEqual(await origins({ ttl: 50 }, 100), ["miss", "miss", "miss"]);
  assert.deepEqual(await origins(false), ["miss", "miss", "miss"]);
});

test("an external cache has different keys for different models and options, and stores no text", async () => {
  const kept = new Map();
  const cache = { get: async (key) => kept.get(key), set: async (key, value) => void kept.set(key, value) };
  const text = newText();
  const ask = async (who, body) => cacheStatus(await createHandler({ classifier: who, cache })(post(body)));
  assert.equal(await ask(classifier, { text }), "miss");
  assert.equal(await ask(classifier, { text }), "hit", "another handler with the same model");
  assert.equal(await ask(classifier, { text, topK: 1 }), "miss");
  const other = await createClassifier({ model: new URL("../fixtures/tiny", import.meta.url) });
  assert.equal(await ask(other, { text }), "miss");
  other.close();
  assert.equal(kept.size, 3);
  for (const [key, value] of kept) {
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.ok(!value.includes(text));
  }
});

test("a prediction of a multi-label model has its labels, from an external cache too", async () => {
  const multiLabel = await createClassifier({ model: new URL("../fixtures/tiny", import.meta.url) });
  const other = createHandler({ classifier: multiLabel, cache: new Map() });
  const text = newText();
  for (const [threshold, all] of [
    [0, true],
    [1, false],
  ]) {
    const response = await other(post({ text, threshold }));
    const prediction = await response.json();
    const expected = all ? prediction.scores.map(({ label }) => label) : [];
    assert.deepEqual([response.status, prediction.labels, prediction.label], [200, expected, expected[0] ?? null]);
    assert.equal(cacheStatus(await other(post({ text, threshold }))), "hit");
  }
  multiLabel.close();
});

test("pairs and labels of one's choice, each with a cache entry of its own", async () => {
  const nli = await createClassifier({ model: new URL("../fixtures/pipelines/nli", import.meta.url) });
  const other = createHandler({ classifier: nli });
  const text = newText();
  const ask = async (body) => {
    const response = await other(post(body));
    return [response.status, cacheStatus(response), await response.json()];
  };
  const bodies = [
    { text },
    { text, pair: "the cat" },
    { text, pair: "the dog" },
    { text: `"the cat" ${text}` },
    { text, zeroShot: { labels: ["sad", "happy"] } },
    { text, zeroShot: { labels: ["sad", "angry"] } },
    { text, zeroShot: { labels: ["sad", "angry"], multiLabel: true } },
    { text, activation: "none" },
  ];
  for (const body of bodies) assert.deepEqual((await ask(body)).slice(0, 2), [200, "miss"], JSON.stringify(body));
  for (const { text: first, pair, ...options } of bodies) {
    const expected = await nli.predict(pair ? { text: first, pair } : first, options);
    const [, status, prediction] = await ask({ text: first, ...(pair && { pair }), ...options });
    assert.deepEqual([status, prediction], ["hit", expected]);
  }
  const [, , { predictions }] = await ask({ texts: [text, { text, pair: "the cat" }] });
  assert.deepEqual(predictions, await nli.predict([text, { text, pair: "the cat" }]));
  for (const [body, status, code] of [
    [{ texts: [{ text, pare: "a" }] }, 400, "invalid-input"],
    [{ text, zeroShot: { labels: [] } }, 400, "invalid-input"],
    [{ text, zeroShot: { labels: ["a", "a"] } }, 422, "conflicting-options"],
    [{ text, zeroShot: { labels: ["a"] }, explain: true }, 422, "conflicting-options"],
    [{ text, activation: "none", threshold: 0.5 }, 422, "conflicting-options"],
    [{ text, pair: "a\ud800" }, 422, "malformed-text"],
    [{ text, pair: text.repeat(100) }, 422, "text-too-long"],
  ]) {
    const [actual, , { error }] = await ask(body);
    assert.deepEqual([actual, error.code], [status, code], JSON.stringify(body));
  }
  const unsupported = await handler(post({ text, zeroShot: { labels: ["a"] } }));
  assert.deepEqual([unsupported.status, (await unsupported.json()).error.code], [422, "model-unsupported"]);
  nli.close();
});

test("a cache that throws, or returns invalid values, fails no request", async () => {
  const fails = () => {
    throw new Error("the store cannot be reached");
  };
  const stores = [
    { get: fails, set: fails },
    { get: async () => fails(), set: async () => fails() },
    { get: () => "no JSON", set: () => {} },
    { get: () => '{"label":"positive"}', set: () => {} },
  ];
  const expected = await classifier.predict(POSITIVE);
  for (const cache of stores) {
    const other = createHandler({ classifier, cache });
    const response = await other(post({ text: POSITIVE }));
    assert.deepEqual([response.status, cacheStatus(response), await response.json()], [200, "miss", expected]);
    assert.equal(await metric(other, 'litmus_cache_errors_total{operation="get"}'), 1);
    assert.equal(
      await metric(other, 'litmus_cache_errors_total{operation="set"}'),
      cache.get === fails || cache === stores[1] ? 1 : 0,
    );
  }
});

test("a disconnect stops the work, unless another request shares it", async () => {
  const texts = Array.from({ length: 500 }, newText);
  const before = computed;
  const gone = new AbortController();
  const call = handler(post({ texts }, { signal: gone.signal }));
  await until(() => computed > before + 2);
  gone.abort();
  assert.equal((await call).status, 499);
  const atAbort = computed;
  assert.equal((await handler(post({ text: POSITIVE }))).status, 200);
  assert.ok(computed - atAbort <= 2, `${computed - atAbort} texts more`);
  assert.equal(await metric(handler, "litmus_queue_length"), 0);

  const stream = await handler(post({ texts }, NDJSON));
  const reader = stream.body.getReader();
  await reader.read();
  await reader.cancel();
  const atCancel = computed;
  await handler(post({ text: newText() }));
  assert.ok(computed - atCancel <= 3, `${computed - atCancel} texts more`);
  assert.equal(await metric(handler, "litmus_queue_length"), 0);

  const ahead = handler(post({ texts: Array.from({ length: 50 }, newText) })); // so that the next requests have to wait
  const text = newText();
  const leaver = new AbortController();
  const left = handler(post({ text }, { signal: leaver.signal }));
  const stays = handler(post({ text }));
  await until(async () => (await metric(handler, "litmus_queue_length")) >= 2);
  leaver.abort();
  await ahead;
  assert.deepEqual([(await left).status, (await stays).status], [499, 200]);
  const timedOut = await handler(post({ texts }, { signal: AbortSignal.timeout(50) }));
  assert.equal(timedOut.status, 499, "the client's own timeout");
});

test("a full queue is 429 with Retry-After, until it has drained", async () => {
  const small = createHandler({ classifier, limits: { queue: 10 } });
  const batch = small(post({ texts: Array.from({ length: 50 }, newText) }));
  await until(async () => (await metric(small, "litmus_queue_length")) > 10);
  const rejected = await small(post({ text: POSITIVE }));
  assert.equal(rejected.status, 429);
  assert.ok(Number(rejected.headers.get("retry-after")) >= 1);
  assert.equal((await rejected.json()).error.code, "busy");
  assert.equal((await batch).status, 200);
  assert.equal((await small(post({ text: POSITIVE }))).status, 200);
});

test("without loadTime, 503 while the model loads and after a failed load, which is tried again", async () => {
  const errors = [];
  let loads = 0;
  /** Fails late enough for a request to see the load in progress. */
  const failing = async () => {
    await wait(100);
    return createClassifier({ model: "file:///nowhere/" });
  };
  const slow = createHandler({
    loadTime: 0,
    classifier: () => (loads++ ? createClassifier() : failing()),
    onError: (error) => errors.push(error.code),
  });
  const told = async (request) => {
    const response = await slow(request);
    const { error, status } = await response.json();
    return [response.status, error?.code ?? status, response.headers.has("retry-after")];
  };
  assert.deepEqual(await told(get("/health")), [503, "loading", true]);
  await until(() => errors.length);
  assert.deepEqual(await told(post({ text: POSITIVE })), [503, "unavailable", true]);
  assert.deepEqual(await told(get("/model")), [503, "unavailable", true]);
  assert.deepEqual([errors, loads], [["model-not-found"], 1], "not at each request");
  await wait(5100);
  assert.deepEqual(await told(post({ text: POSITIVE })), [503, "loading", true]);
  await until(async () => (await slow(get("/health"))).status === 200);
  assert.deepEqual(await told(get("/health")), [200, "ok", false]);
  assert.equal((await slow(post({ text: POSITIVE }))).status, 200);
});

test("by default, requests wait for the model, and /health does not", async () => {
  const patient = createHandler({ classifier: () => createClassifier() });
  const [health, predicted, model] = await Promise.all([
    patient(get("/health")),
    patient(post({ text: POSITIVE })),
    patient(get("/model")),
  ]);
  assert.deepEqual([health.status, predicted.status, model.status], [503, 200, 200]);
  assert.equal((await patient(get("/health"))).status, 200);
});

test("after loadTime, a request is 503 with Retry-After, and the load goes on", async () => {
  let finish;
  const impatient = createHandler({ classifier: () => new Promise((resolve) => (finish = resolve)), loadTime: 100 });
  const start = performance.now();
  const response = await impatient(post({ text: POSITIVE }));
  assert.ok(performance.now() - start >= 95);
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
  assert.equal((await response.json()).error.code, "loading");
  const waiting = impatient(post({ text: POSITIVE }));
  finish(classifier);
  assert.equal((await waiting).status, 200);
});

test("a disconnect ends the wait for the model", async () => {
  const loading = createHandler({ classifier: new Promise(() => {}) });
  const gone = new AbortController();
  const call = loading(post({ text: POSITIVE }, { signal: gone.signal }));
  await until(async () => (await metric(loading, "litmus_queue_length")) === 1);
  gone.abort();
  assert.equal((await call).status, 499);
  assert.equal(await metric(loading, "litmus_queue_length"), 0);
});

test("waitUntil covers the load of the model and streamed lines", async () => {
  let finish;
  const loading = createHandler({ classifier: () => new Promise((resolve) => (finish = resolve)) });
  let settled = false;
  const waitUntil = (work) => void work.then(() => (settled = true));
  assert.equal((await loading(get("/health"), { waitUntil })).status, 503);
  await wait(50);
  assert.equal(settled, false, "the model is still loading");
  finish(classifier);
  await until(() => settled);
  assert.equal((await loading(get("/health"))).status, 200);

  settled = false;
  const stream = await loading(post({ texts: Array.from({ length: 20 }, newText) }, NDJSON), { waitUntil });
  await wait(50);
  assert.equal(settled, false, "most lines are still to come");
  assert.equal((await readLines(stream)).length, 20);
  await until(() => settled);
});

test("GET /model is the info of the classifier", async () => {
  const model = await (await handler(get("/model"))).json();
  assert.deepEqual(model, JSON.parse(JSON.stringify(classifier.info)));
  assert.deepEqual(
    model.files.map(({ path }) => path),
    ["config.json", "tokenizer.json", "model.onnx"],
  );
  assert.ok(model.files.every(({ bytes, sha256 }) => bytes > 0 && /^[0-9a-f]{64}$/.test(sha256)));
});

test("metrics count requests, errors and texts", async () => {
  const own = createHandler({ classifier });
  const text = newText();
  for (const body of [{ text }, { text }, { text: " " }, { texts: [newText(), text] }]) await own(post(body));
  await own(get("/nowhere"));
  const expected = {
    'litmus_requests_total{path="predict",status="200"}': 3,
    'litmus_requests_total{path="predict",status="422"}': 1,
    'litmus_requests_total{path="other",status="404"}': 1,
    'litmus_errors_total{code="empty-text"}': 1,
    'litmus_texts_total{result="hit"}': 2,
    'litmus_texts_total{result="miss"}': 2,
    'litmus_request_duration_seconds_bucket{le="+Inf"}': 4,
    litmus_request_duration_seconds_count: 4,
    litmus_queue_length: 0,
    litmus_model_ready: 1,
    litmus_memory_bytes: classifier.info.memoryBytes,
  };
  for (const [series, value] of Object.entries(expected)) assert.equal(await metric(own, series), value, series);
});

test("every response matches openapi.json", async () => {
  const document = await (await handler(get("/openapi.json"))).json();
  assert.equal(document.openapi, "3.1.0");
  const requests = [
    [post({ text: POSITIVE }), "Prediction"],
    [post({ text: POSITIVE, threshold: 1, explain: true }), "Prediction"],
    [post({ text: "\u{10300}".repeat(9) }), "Prediction"],
    [post({ texts: [POSITIVE, NEGATIVE] }), "Predictions"],
    [post({ text: POSITIVE, task: "toxicity" }), "Prediction"],
    [post({ text: POSITIVE, tasks: ["sentiment", "emotion"] }), "Prediction"],
    [post({ texts: [POSITIVE, NEGATIVE], tasks: ["sentiment", "emotion"] }), "Predictions"],
    [post({ text: POSITIVE, task: "irony" }), "Error"],
    [post({ texts: [POSITIVE, ""] }), "Error"],
    [post("{"), "Error"],
    [get("/model"), "Model"],
    [get("/health"), "Health"],
  ];
  const validator = (name) =>
    new Validator({ ...document.components.schemas[name], components: document.components }, "2020-12");
  for (const [request, name] of requests) {
    const path = new URL(request.url).pathname;
    const response = await handler(request);
    assert.ok(String(response.status) in document.paths[path][request.method.toLowerCase()].responses);
    const { valid, errors } = validator(name).validate(await response.json());
    assert.ok(valid, JSON.stringify(errors));
  }
  for (const tasks of [undefined, ["sentiment", "toxicity"]]) {
    for (const line of await readLines(await handler(post({ texts: ["good", ""], tasks }, NDJSON)))) {
      assert.ok(validator("Line").validate(line).valid);
    }
  }
});

test("paths begin with the base, and HEAD is GET without the body", async () => {
  const based = createHandler({ classifier, base: "/v1/" });
  assert.equal((await based(post({ text: POSITIVE }, { path: "/v1/predict?x=1" }))).status, 200);
  assert.equal((await based(post({ text: POSITIVE }))).status, 404);
  const head = await based(get("/v1/health", "HEAD"));
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

test("an invalid option is invalid-input, and the message names it", () => {
  const wrong = {
    classifiers: 1,
    loadTime: -1,
    base: "v1",
    onError: 1,
    cache: { ttl: 0 },
    limits: { texts: 1.5 },
  };
  for (const [option, value] of Object.entries(wrong)) {
    assert.throws(
      () => createHandler({ [option]: value }),
      (error) => error.code === "invalid-input" && error.message.includes(option),
    );
  }
  for (const option of [{ limits: { size: 1 } }, { limits: { time: Infinity } }, { loadTime: Infinity }]) {
    assert.throws(() => createHandler(option), { code: "invalid-input" });
  }
});
