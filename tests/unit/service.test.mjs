// The HTTP service without a model: its options, the load, and the errors of requests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { createHandler, createNodeServer, PredictRequestReader, resolveOptions } = await importSource(
  "handler/handler.ts",
  "handler/options.ts",
  "handler/node-server.ts",
  "handler/request.ts",
);

const post = (body) =>
  new Request("http://localhost/predict", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** Counts the rejections that nobody handles. */
function countUnhandled(t) {
  const unhandled = [];
  const listener = (error) => unhandled.push(error);
  process.on("unhandledRejection", listener);
  t.after(() => process.off("unhandledRejection", listener));
  return unhandled;
}

test("a connection without traffic is kept for longer than a request may wait", () => {
  const { loadTime, limits } = resolveOptions({});
  const server = createNodeServer(async () => new Response());
  assert.ok(server.timeout > loadTime + limits.time, `${server.timeout} ms`);
});

test("a classifier that is a rejected promise is a failed load, not an unhandled rejection", async (t) => {
  const unhandled = countUnhandled(t);
  const errors = [];
  const handler = createHandler({
    classifier: Promise.reject(new Error("no model")),
    onError: (error) => errors.push(error.message),
  });
  await settled();
  assert.deepEqual(unhandled, []);
  const response = await handler(post({ text: "a" }));
  assert.deepEqual([response.status, (await response.json()).error.code], [503, "unavailable"]);
  assert.deepEqual(errors, ["no model"]);
});

test("a classifier that is none is reported, with the usual reason", async () => {
  for (const classifier of [async () => {}, () => null, "x", { predict() {} }]) {
    const errors = [];
    const handler = createHandler({ classifier, onError: (error) => errors.push(error) });
    for (const request of [new Request("http://localhost/health"), post({ text: "a" })])
      assert.equal((await handler(request)).status, 503);
    assert.deepEqual(
      errors.map(({ code, message }) => [code, message]),
      [["invalid-input", "classifier must be, or resolve to, a classifier: does the function return it?"]],
    );
  }
});

test("the handler never rejects, not even if onError throws or rejects", async (t) => {
  const unhandled = countUnhandled(t);
  const printed = t.mock.method(console, "error", () => {});
  const failure = new Error("the log is full");
  const failing = [
    () => {
      throw failure;
    },
    async () => {
      throw failure;
    },
  ];
  for (const onError of failing) {
    const cause = new Error("no model");
    const handler = createHandler({ classifier: () => Promise.reject(cause), onError });
    assert.equal((await handler(post({ text: "a" }))).status, 503);
    await settled();
    assert.deepEqual(printed.mock.calls.at(-1).arguments, [cause, failure]);
  }
  assert.deepEqual(unhandled, []);
});

test("the error of a wrong text says which text it is, and what is expected", async () => {
  const reader = new PredictRequestReader(resolveOptions({}).limits);
  const messageOf = (body) =>
    reader.read(post(body)).then(
      () => assert.fail(),
      ({ code, message, index }) => [code, message, index],
    );
  const form = "texts/1 must be a string or { text, pair }";
  for (const [text, message] of [
    [1, form],
    [null, form],
    [["a"], form],
    [{}, form],
    [{ text: 1 }, 'texts/1/text: Instance type "number" is invalid. Expected "string".'],
    [{ text: "a", pair: null }, 'texts/1/pair: Instance type "null" is invalid. Expected "string".'],
    [{ text: "a", id: 1 }, 'unknown key "texts/1/id"'],
  ])
    assert.deepEqual(await messageOf({ texts: ["a", text] }), ["invalid-input", message, 1]);
  const [, message, index] = await messageOf({ texts: ["a"], topK: 0 });
  assert.deepEqual([message, index], ["topK: 0 is less than 1.", undefined]);
});
