// The handler in this process: its answers, its cache, what it shares and what it stops.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Validator } from "@cfworker/json-schema";
import { computed } from "../node/instances.mjs";
import { createClassifier } from "litmus-text";
import { createHandler } from "litmus-text/handler";
import { get, metric, NEGATIVE, POSITIVE, post, until } from "./service.mjs";

let classifier;
let handler;
before(async () => {
  classifier = await createClassifier();
  handler = createHandler({ classifier });
});
after(() => classifier.close());

/** A text that no other test has asked for. */
let count = 0;
const fresh = () => `a film of ${++count} parts, seldom dull`;

const from = (response) => response.headers.get("x-litmus-cache");

async function lines(response) {
  const text = await response.text();
  assert.ok(text.endsWith("\n"));
  return text.slice(0, -1).split("\n").map((line) => JSON.parse(line));
}

test("answers what predict answers, for a text and for several", async () => {
  const one = await handler(post({ text: POSITIVE }));
  assert.deepEqual([one.status, one.headers.get("content-type")], [200, "application/json"]);
  assert.deepEqual(await one.json(), await classifier.predict(POSITIVE));
  const both = await handler(post({ texts: [NEGATIVE, POSITIVE], topK: 1 }));
  assert.deepEqual(await both.json(), { predictions: await classifier.predict([NEGATIVE, POSITIVE], { topK: 1 }) });
  assert.deepEqual(await (await handler(post({ texts: [] }))).json(), { predictions: [] });
});

test("takes every option of predict, and tells results by all of them", async () => {
  const text = "Predictable, yet I loved every minute of it.";
  const long = "It was good. The end was not. ".repeat(80);
  const asked = [
    [text, {}], [text, { topK: 1 }], [text, { threshold: 1 }], [text, { explain: true }], [text, { explain: { label: "negative" } }],
    [text, { explain: { method: "shapley", samples: 4, seed: 1 } }], [text, { explain: { method: "shapley", samples: 4, seed: 2 } }],
    [text, { explain: { samples: 6, seed: 2, method: "shapley" } }], [long, {}], [long, { longText: "truncate" }], ["Никогда больше", {}],
  ];
  const seen = new Set();
  for (const [text, options] of asked) {
    const response = await handler(post({ text, ...options }));
    const body = await response.text();
    assert.deepEqual([response.status, from(response), seen.has(body)], [200, "miss", false], JSON.stringify(options));
    assert.deepEqual(JSON.parse(body), await classifier.predict(text, options));
    seen.add(body);
    assert.equal(from(await handler(post({ ...options, text }))), "hit");
  }
  const other = post({ text, explain: { seed: 2, method: "shapley", samples: 6 } });
  assert.equal(from(await handler(other)), "hit", "in another order");
});

test("a batch with a text that cannot be scored fails with its index", async () => {
  const response = await handler(post({ texts: [POSITIVE, " ", NEGATIVE] }));
  assert.equal(response.status, 422);
  const { error } = await response.json();
  assert.deepEqual([error.code, error.index], ["empty-text", 1]);
  const alone = await (await handler(post({ text: " " }))).json();
  assert.deepEqual([alone.error.code, "index" in alone.error], ["empty-text", false]);
});

test("streams lines to who accepts them, with an error of its own for each bad text", async () => {
  const headers = { accept: "application/json;q=0.5, application/x-ndjson" };
  const response = await handler(post({ texts: [POSITIVE, " ", "\ud800", NEGATIVE], topK: 1 }, { headers }));
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, "application/x-ndjson"]);
  const told = (await lines(response)).map(({ index, prediction, error }) => [index, prediction?.label ?? error.code]);
  assert.deepEqual(told, [[0, "positive"], [1, "empty-text"], [2, "malformed-text"], [3, "negative"]]);
  for (const accept of ["*/*", "application/json", "application/x-ndjson;q=0"]) {
    const whole = await handler(post({ texts: [POSITIVE] }, { headers: { accept } }));
    assert.equal(whole.headers.get("content-type"), "application/json", accept);
  }
});

test("streams no faster than it is read", async () => {
  const texts = Array.from({ length: 200 }, fresh);
  const before = computed;
  const response = await handler(post({ texts }, { headers: { accept: "application/x-ndjson" } }));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const ahead = computed - before;
  assert.ok(ahead > 0 && ahead <= 20, `${ahead} texts that nobody has read`);
  assert.equal((await lines(response)).length, 200);
});

test("who stops reading is given up, and what is left not computed", async () => {
  const impatient = createHandler({ classifier, limits: { time: 500 } });
  const texts = Array.from({ length: 1000 }, fresh);
  const before = computed;
  const reader = (await impatient(post({ texts }, { headers: { accept: "application/x-ndjson" } }))).body.getReader();
  await reader.read();
  assert.ok((await metric(impatient, "litmus_queue_length")) > 900);
  await until(async () => (await metric(impatient, "litmus_queue_length")) === 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(computed - before <= 20, `${computed - before} texts that nobody has read`);
  assert.equal((await impatient(post({ text: POSITIVE }))).status, 200);
});

test("says where a result came from: hit, miss, shared", async () => {
  const text = fresh();
  const before = computed;
  const racing = await Promise.all(Array.from({ length: 5 }, () => handler(post({ text }))));
  assert.deepEqual(racing.map(from), ["miss", "shared", "shared", "shared", "shared"]);
  assert.equal(computed - before, 1, "computed once");
  const bodies = await Promise.all(racing.map((each) => each.text()));
  const hit = await handler(post({ text }));
  assert.equal(from(hit), "hit");
  assert.deepEqual(new Set([...bodies, await hit.text()]).size, 1, "the same bytes");
  assert.equal(from(await handler(post({ text, topK: 1 }))), "miss", "other options are another result");
  assert.equal(from(await handler(post({ texts: [text, text] }))), "hit");
  assert.equal(from(await handler(post({ texts: [text, fresh()] }))), "miss");
  assert.equal(computed - before, 3);
});

test("the built-in cache is bounded in number, bytes and time", async () => {
  const texts = [fresh(), fresh(), fresh()];
  const origins = async (cache, pause = 0) => {
    const other = createHandler({ classifier, cache });
    for (const text of texts) await other(post({ text }));
    await new Promise((resolve) => setTimeout(resolve, pause));
    const asked = [];
    for (const text of texts.toReversed()) asked.push(from(await other(post({ text }))));
    return asked;
  };
  assert.deepEqual(await origins({}), ["hit", "hit", "hit"]);
  assert.deepEqual(await origins({ entries: 2 }), ["hit", "hit", "miss"]);
  assert.deepEqual(await origins({ bytes: 1600 }), ["hit", "hit", "miss"]);
  assert.deepEqual(await origins({ ttl: 50 }, 100), ["miss", "miss", "miss"]);
  assert.deepEqual(await origins(false), ["miss", "miss", "miss"]);
});

test("a cache of one's own has keys that tell models and options apart, and no texts", async () => {
  const kept = new Map();
  const cache = { get: async (key) => kept.get(key), set: async (key, value) => void kept.set(key, value) };
  const text = fresh();
  const ask = async (who, body) => from(await createHandler({ classifier: who, cache })(post(body)));
  assert.equal(await ask(classifier, { text }), "miss");
  assert.equal(await ask(classifier, { text }), "hit", "in another handler with the same model");
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

test("a cache that throws, hangs on rubbish or lies fails no request", async () => {
  const fails = () => {
    throw new Error("the back end is away");
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
    assert.deepEqual([response.status, from(response), await response.json()], [200, "miss", expected]);
    assert.equal(await metric(other, 'litmus_cache_errors_total{operation="get"}'), 1);
    assert.equal(await metric(other, 'litmus_cache_errors_total{operation="set"}'), cache.get === fails || cache === stores[1] ? 1 : 0);
  }
});

test("a client that goes away stops its work, unless somebody shares it", async () => {
  const texts = Array.from({ length: 500 }, fresh);
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

  const stream = await handler(post({ texts }, { headers: { accept: "application/x-ndjson" } }));
  const reader = stream.body.getReader();
  await reader.read();
  await reader.cancel();
  const atCancel = computed;
  await handler(post({ text: fresh() }));
  assert.ok(computed - atCancel <= 3, `${computed - atCancel} texts more`);
  assert.equal(await metric(handler, "litmus_queue_length"), 0);

  const ahead = handler(post({ texts: Array.from({ length: 50 }, fresh) })); // so that what follows has to wait
  const text = fresh();
  const leaver = new AbortController();
  const left = handler(post({ text }, { signal: leaver.signal }));
  const stays = handler(post({ text }));
  await until(async () => (await metric(handler, "litmus_queue_length")) >= 2);
  leaver.abort();
  await ahead;
  assert.deepEqual([(await left).status, (await stays).status], [499, 200]);
});

test("a full queue is 429 with Retry-After, and drains", async () => {
  const small = createHandler({ classifier, limits: { queue: 10 } });
  const batch = small(post({ texts: Array.from({ length: 50 }, fresh) }));
  await until(async () => (await metric(small, "litmus_queue_length")) > 10);
  const refused = await small(post({ text: POSITIVE }));
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  assert.equal((await refused.json()).error.code, "busy");
  assert.equal((await batch).status, 200);
  assert.equal((await small(post({ text: POSITIVE }))).status, 200);
});

test("503 while the model loads and after it failed; loads again", async () => {
  const errors = [];
  let loads = 0;
  /** By itself it can fail before anybody is told that it loads. */
  const failing = async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return createClassifier({ model: "file:///nowhere/" });
  };
  const slow = createHandler({
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
  assert.deepEqual([errors, loads], [["model-not-found"], 1], "not tried at each request");
  await new Promise((resolve) => setTimeout(resolve, 5100));
  assert.deepEqual(await told(post({ text: POSITIVE })), [503, "loading", true]);
  await until(async () => (await slow(get("/health"))).status === 200);
  assert.deepEqual(await told(get("/health")), [200, "ok", false]);
  assert.equal((await slow(post({ text: POSITIVE }))).status, 200);
});

test("with loadTime, requests wait for the model", async () => {
  const patient = createHandler({ classifier: () => createClassifier(), loadTime: 60_000 });
  const [predicted, model] = await Promise.all([patient(post({ text: POSITIVE })), patient(get("/model"))]);
  assert.deepEqual([predicted.status, model.status], [200, 200]);
});

test("the model says what it is", async () => {
  const model = await (await handler(get("/model"))).json();
  assert.deepEqual(model, JSON.parse(JSON.stringify(classifier.info)));
  assert.deepEqual(model.files.map(({ path }) => path), ["config.json", "tokenizer.json", "model.onnx"]);
  assert.ok(model.files.every(({ bytes, sha256 }) => bytes > 0 && /^[0-9a-f]{64}$/.test(sha256)));
});

test("counts what it does", async () => {
  const own = createHandler({ classifier });
  const text = fresh();
  for (const body of [{ text }, { text }, { text: " " }, { texts: [fresh(), text] }]) await own(post(body));
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

test("every answer is what openapi.json says it is", async () => {
  const document = await (await handler(get("/openapi.json"))).json();
  assert.equal(document.openapi, "3.1.0");
  const requests = [
    [post({ text: POSITIVE }), "Prediction"],
    [post({ text: POSITIVE, threshold: 1, explain: true }), "Prediction"],
    [post({ text: "\u{10300}".repeat(9) }), "Prediction"],
    [post({ texts: [POSITIVE, NEGATIVE] }), "Predictions"],
    [post({ texts: [POSITIVE, ""] }), "Error"],
    [post("{"), "Error"],
    [get("/model"), "Model"],
    [get("/health"), "Health"],
  ];
  const validator = (name) => new Validator({ ...document.components.schemas[name], components: document.components }, "2020-12");
  for (const [request, name] of requests) {
    const path = new URL(request.url).pathname;
    const response = await handler(request);
    assert.ok(String(response.status) in document.paths[path][request.method.toLowerCase()].responses);
    const { valid, errors } = validator(name).validate(await response.json());
    assert.ok(valid, JSON.stringify(errors));
  }
  for (const line of await lines(await handler(post({ texts: ["good", ""] }, { headers: { accept: "application/x-ndjson" } })))) {
    assert.ok(validator("Line").validate(line).valid);
  }
});

test("paths can begin with something, and HEAD is GET without its body", async () => {
  const based = createHandler({ classifier, base: "/v1/" });
  assert.equal((await based(post({ text: POSITIVE }, { path: "/v1/predict?x=1" }))).status, 200);
  assert.equal((await based(post({ text: POSITIVE }))).status, 404);
  const head = await based(get("/v1/health", "HEAD"));
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

test("a wrong option is invalid-input and is named", () => {
  const wrong = {
    classifiers: 1, loadTime: -1, base: "v1", onError: 1, cache: { ttl: 0 }, limits: { texts: 1.5 },
  };
  for (const [option, value] of Object.entries(wrong)) {
    assert.throws(() => createHandler({ [option]: value }), (error) => error.code === "invalid-input" && error.message.includes(option));
  }
  assert.throws(() => createHandler({ limits: { size: 1 } }), { code: "invalid-input" });
});
