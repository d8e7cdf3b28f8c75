// Invalid requests: each is rejected with an error code, leaks no internals, and leaves the handler working.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { createClassifier } from "litmus-text";
import { createHandler } from "litmus-text/handler";
import { computed, memory } from "../node/instances.mjs";
import { get, POSITIVE, post } from "./harness.mjs";

let classifier;
let handler;
const errors = [];
before(async () => {
  classifier = await createClassifier();
  handler = createHandler({
    classifier,
    limits: { bodyTime: 300 },
    cache: false,
    onError: (error) => errors.push(error),
  });
});
after(() => classifier.close());
afterEach(async () => assert.equal((await handler(post({ text: POSITIVE }))).status, 200, "the handler still works"));

/** Asserts that the request is rejected with this status and code. */
async function rejects(request, status, code, { message, index } = {}) {
  const response = await handler(request);
  const { error, ...rest } = await response.json();
  assert.deepEqual([response.status, error.code, error.index, rest], [status, code, index, {}]);
  assert.ok(error.message.length > 0);
  if (message) assert.match(error.message, message);
  return response;
}

test("a body that is not JSON is 400", async () => {
  for (const body of ["", "{", "text", "{'text': 'a'}", "NaN", '{"text":"a"} {}', "\0", "[".repeat(400_000)]) {
    await rejects(post(body), 400, "invalid-json");
  }
});

test("a body that does not match the schema is 400, and the message has the path", async () => {
  const long = "x".repeat(1000);
  const bodies = [
    [[], /object/],
    ['"text"', /object/],
    ["null", /object/],
    ["1", /object/],
    [{}, /text/],
    [{ text: 1 }, /^text/],
    [{ text: null }, /^text/],
    [{ text: ["a"] }, /^text/],
    [{ texts: "a" }, /^texts/],
    [{ texts: {} }, /^texts/],
    [{ text: "a", texts: ["b"] }, /"text"/],
    [{ text: "a", topK: 0 }, /topK/],
    [{ text: "a", topK: 1.5 }, /topK/],
    [{ text: "a", topK: "1" }, /topK/],
    [{ text: "a", topK: 1e300 }, /topK/],
    [{ text: "a", topK: null }, /topK/],
    [{ text: "a", topk: 1 }, /"topk"/],
    [{ text: "a", signal: {} }, /"signal"/],
    [{ text: "a", [long]: 1 }, /key/],
    [{ text: "a", threshold: 1.1 }, /threshold/],
    [{ text: "a", threshold: "0.5" }, /threshold/],
    [{ text: "a", threshold: { toxicity: 1.1 } }, /threshold/],
    [{ text: "a", task: 1 }, /task/],
    [{ text: "a", tasks: "sentiment" }, /tasks/],
    [{ text: "a", tasks: [] }, /tasks/],
    [{ text: "a", longText: "cut" }, /longText/],
    [{ text: "a", onProgress: {} }, /"onProgress"/],
    [{ text: "a", explain: 1 }, /explain/],
    [{ text: "a", explain: { methods: 1 } }, /"explain\/methods"/],
    [{ text: "a", explain: { method: "lime" } }, /explain\/method/],
    [{ text: "a", explain: { samples: 5 } }, /method/],
    [{ text: "a", explain: { method: "occlusion", seed: 1 } }, /explain\/method/],
    [{ text: "a", explain: { method: "shapley", samples: 1001 } }, /explain\/samples/],
    [{ text: "a", explain: { method: "shapley", seed: -1 } }, /explain\/seed/],
    [{ text: "a", explain: { label: 1 } }, /explain\/label/],
    ['{"text":"a","__proto__":{}}', /__proto__/],
    ['{"text":"a","constructor":1}', /constructor/],
  ];
  for (const [body, message] of bodies) await rejects(post(body), 400, "invalid-input", { message });
  await rejects(post({ texts: ["a", 1] }), 400, "invalid-input", { message: /texts\/1/, index: 1 });
});

test("no request reaches the file system", async () => {
  for (const model of ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "file:///etc/passwd", "litmus-text/english"]) {
    await rejects(post({ text: "a", model }), 400, "invalid-input", { message: /"model"/ });
  }
  for (const path of [
    "/model/../../etc/passwd",
    "/model/..%2f..%2fetc%2fpasswd",
    "/model/sentiment",
    "//model",
    "/predict/",
    "/",
    "/constructor",
  ]) {
    await rejects(get(path), 404, "not-found");
  }
});

test("other methods are 405 with Allow", async () => {
  for (const method of ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    const response = await rejects(get("/predict", method), 405, "method-not-allowed");
    assert.equal(response.headers.get("allow"), "POST");
  }
  const response = await rejects(post({ text: "a" }, { path: "/model" }), 405, "method-not-allowed");
  assert.equal(response.headers.get("allow"), "GET, HEAD");
});

test("other content types, charsets and encodings are 415", async () => {
  const types = [
    null,
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "application/json; charset=utf-16",
    "application/json;charset=latin1",
  ];
  for (const type of types) await rejects(post({ text: "a" }, { type }), 415, "unsupported-media-type");
  await rejects(post({ text: "a" }, { headers: { "content-encoding": "gzip" } }), 415, "unsupported-media-type");
  for (const type of ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']) {
    assert.equal((await handler(post({ text: "a" }, { type }))).status, 200);
  }
});

test("bytes that are not UTF-8 are 400", async () => {
  const json = JSON.stringify({ text: "schön" });
  await rejects(post(Uint8Array.from(json, (unit) => unit.charCodeAt(0))), 400, "invalid-json"); // Latin-1
  await rejects(post(new Uint8Array(Uint16Array.from(json, (unit) => unit.charCodeAt(0)).buffer)), 400, "invalid-json"); // UTF-16
  await rejects(post(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])), 400, "invalid-json"); // a surrogate in UTF-8
});

test("a label that the model does not have is 422", async () => {
  for (const body of [{ text: "a" }, { texts: ["a", "b"] }]) {
    await rejects(post({ ...body, explain: { label: "happy" } }), 422, "unknown-label", {
      message: /negative, neutral, positive/,
    });
  }
});

test("a task that the model does not have is 422, and so are options that do not fit the tasks", async () => {
  for (const tasks of [{ task: "irony" }, { tasks: ["sentiment", "irony"] }])
    await rejects(post({ text: "good", ...tasks }), 422, "unknown-task", { message: /"irony".*sentiment/ });
  const wrong = { text: "good", tasks: ["sentiment"], threshold: { toxicity: 0.5 } };
  await rejects(post(wrong), 422, "conflicting-options", { message: /toxicity/ });
  await rejects(post({ text: "good", threshold: { sentiment: 0.5 } }), 422, "conflicting-options", {
    message: /tasks/,
  });
  await rejects(post({ text: "good", task: "sentiment", tasks: ["toxicity"] }), 422, "conflicting-options");
});

test("an unpaired surrogate is 422", async () => {
  for (const text of ["\ud83d", "good \udc4d", "\udc4d\ud83d"]) await rejects(post({ text }), 422, "malformed-text");
  await rejects(post({ texts: ["👍", "\ud83d"] }), 422, "malformed-text", { index: 1 });
});

test("a text without tokens is 422", async () => {
  for (const text of ["", " ", "\t\r\n", "\u00a0\u3000", "\0"]) await rejects(post({ text }), 422, "empty-text");
});

test("10 MB are 413, with or without a content length, and so are 100,000 texts", async () => {
  const body = JSON.stringify({ text: "x".repeat(10_000_000) });
  await rejects(post(body, { headers: { "content-length": String(body.length) } }), 413, "too-large");
  let sent = 0;
  const undeclared = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(100_000).fill(0x20));
      if (++sent === 100) controller.close();
    },
  });
  await rejects(post(undeclared), 413, "too-large");
  assert.ok(sent <= 12, `it read ${sent} chunks of 100 kB`);
  await rejects(post({ texts: Array(100_000).fill("a") }), 413, "too-large", { message: /100000/ });
});

test("a text of more tokens than the model reads at once is 422 with longText error", async () => {
  const text = "good ".repeat(600);
  await rejects(post({ text, longText: "error" }), 422, "text-too-long", { message: /602 tokens/ });
  await rejects(post({ texts: ["good", text], longText: "error" }), 422, "text-too-long", { index: 1 });
});

test("a slow response is 503 and its work stops; the lines of a stream have the time limit each", async () => {
  const impatient = createHandler({ classifier, cache: false, limits: { time: 500 } });
  const text = "It was good. ".repeat(2000);
  for (const body of [{ text }, { text: "good ".repeat(300), explain: { method: "shapley", samples: 1000 } }]) {
    const response = await impatient(post(body));
    assert.deepEqual(
      [response.status, (await response.json()).error.code, response.headers.has("retry-after")],
      [503, "timeout", true],
    );
    const stopped = computed;
    await handler(post({ text: POSITIVE }));
    assert.ok(computed - stopped <= 3, `${computed - stopped} more texts`);
  }
  const headers = { accept: "application/x-ndjson" };
  const texts = Array.from({ length: 150 }, (_, i) => `${i} of them were good`);
  const lines = async (texts) =>
    (await (await impatient(post({ texts }, { headers }))).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  assert.ok((await lines(texts)).every(({ prediction }) => prediction));
  assert.deepEqual(
    (await lines(["good", text])).map(({ error }) => error?.code),
    [undefined, "timeout"],
  );
});

test("the longest text and the largest batch within the limits are answered", async () => {
  const { truncated } = await (await handler(post({ text: "good ".repeat(190_000), longText: "truncate" }))).json();
  assert.equal(truncated, true);
  const { predictions } = await (await handler(post({ texts: Array(1000).fill("good") }))).json();
  assert.equal(predictions.length, 1000);
});

test("a slow body is 408", { timeout: 5000 }, async () => {
  const never = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{"text":')) });
  await rejects(post(never), 408, "body-timeout");
  let drip;
  const slow = new ReadableStream({
    start: (controller) => (drip = setInterval(() => controller.enqueue(new Uint8Array([0x20])), 20)),
    cancel: () => clearInterval(drip),
  });
  await rejects(post(slow), 408, "body-timeout");
  assert.ok(drip._destroyed, "the stream was cancelled");
});

test("a crash is 500 without details, and the next request is answered", async () => {
  new Uint8Array(memory.buffer).fill(0xff);
  const response = await handler(post({ text: POSITIVE }));
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), { error: { code: "internal", message: "Internal error." } });
  assert.ok(errors.at(-1) instanceof Error);
});
