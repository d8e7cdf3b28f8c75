// The forms of the option `model`.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { runInNewContext } from "node:vm";
import { importSource } from "./source.mjs";

const { platform, sourceOf } = await importSource("model/model-source.ts", "platform/platform.ts");

const { signal } = new AbortController();
const resolve = (model) => sourceOf(model, "always", undefined, signal);
const { baseUrl } = platform;

afterEach(() => {
  platform.baseUrl = baseUrl;
  delete platform.module;
});

test("a folder is a URL, with or without a slash at its end, or relative to the page", async () => {
  platform.baseUrl = () => "https://example.org/app/index.html";
  for (const [model, folder] of [
    ["https://example.org/model", "https://example.org/model/"],
    [new URL("https://example.org/model/"), "https://example.org/model/"],
    ["models/own", "https://example.org/app/models/own/"],
    ["/own/", "https://example.org/own/"],
  ]) {
    const { from, candidates, cache } = await resolve(model);
    assert.deepEqual([from, cache], ["folder", "always"]);
    assert.deepEqual(
      candidates.model.map(({ url }) => url),
      ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"].map((path) => folder + path),
    );
    assert.deepEqual(candidates.manifest, [{ path: "litmus.json", url: `${folder}litmus.json` }]);
  }
  await assert.rejects(resolve("http://["), { code: "invalid-input", message: "model is not a URL: http://[" });
});

test("the packaged model is the default, except in workerd", async () => {
  const { from, candidates, heads } = await resolve(undefined);
  assert.equal(from, "folder");
  const inFolder = (url) => url?.split("/models/english/")[1];
  assert.deepEqual(
    Object.values(candidates).map(([file]) => inFolder(file?.url)),
    Object.values(candidates).map(([file]) => file?.path),
  );
  assert.deepEqual(
    Object.entries(heads).map(([name, url]) => [name, inFolder(url)]),
    ["sentiment", "emotion", "toxicity", "embedding"].map((name) => [name, `heads/${name}.head`]),
  );
  platform.module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  await assert.rejects(resolve(undefined), { code: "model-not-found", message: /workerd has no files/ });
});

test("files of a picked folder are found by their paths in it", async () => {
  const file = (name, path) => Object.defineProperty(new File(["x"], name), "webkitRelativePath", { value: path });
  const picked = [
    file("config.json", "own/config.json"),
    file("tokenizer.json", "own/tokenizer.json"),
    file("model.onnx", "own/onnx/model.onnx"),
  ];
  const { from, files } = await resolve(picked);
  assert.deepEqual([from, files.model.path, files.manifest], ["files", "onnx/model.onnx", undefined]);
  const dropped = new Set(
    ["config.json", "tokenizer.json", "model.onnx", "litmus.json"].map((name) => new File(["x"], name)),
  );
  assert.equal((await resolve(dropped)).files.manifest.path, "litmus.json");
  await assert.rejects(resolve(picked.slice(1)), {
    code: "model-not-found",
    message: "none of the files given is config.json",
  });
  await assert.rejects(resolve(picked.slice(0, 2)), {
    message: /model\.onnx or onnx\/model_quantized\.onnx or onnx\/model\.onnx/,
  });
});

test("files can have URLs of their own", async () => {
  const url = (name) => new URL(`https://cdn.example/assets/${name}`);
  const files = { config: url("config-1a.json"), tokenizer: url("tokenizer-2b.json"), model: url("model-3c.onnx") };
  const { from, candidates, heads } = await resolve({ ...files, heads: { emotion: url("emotion-4d.head") } });
  assert.equal(from, "folder");
  assert.deepEqual(candidates, {
    config: [{ path: "config.json", url: files.config.href }],
    tokenizer: [{ path: "tokenizer.json", url: files.tokenizer.href }],
    tokenizerConfig: [],
    model: [{ path: "model.onnx", url: files.model.href }],
    manifest: [],
  });
  assert.deepEqual(heads, { emotion: "https://cdn.example/assets/emotion-4d.head" });
  await assert.rejects(resolve({ ...files, config: Uint8Array.of(1) }), {
    code: "invalid-input",
    message: /^model\.config must be a URL/,
  });
  await assert.rejects(resolve({ ...files, heads: { emotion: "emotion.head" } }), {
    message: /^model\.heads\["emotion"\]/,
  });
  await assert.rejects(resolve({ ...files, vocab: url("vocab.txt") }), { code: "invalid-input", message: /vocab/ });
});

test("files can be given one by one, as bytes, blobs or unread responses", async () => {
  const bytes = Uint8Array.of(1, 2);
  const given = { config: bytes, tokenizer: bytes.buffer, model: new Blob([bytes]) };
  const more = { tokenizerConfig: bytes, manifest: new Response(bytes), data: { "model.onnx_data": bytes } };
  const { all, ...files } = (await resolve({ ...given, ...more, heads: { emotion: bytes } })).files;
  assert.deepEqual(
    all.map(({ path }) => path),
    [
      "config.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "model.onnx",
      "litmus.json",
      "model.onnx_data",
      "heads/emotion.head",
    ],
  );
  for (const { blob } of [...Object.values(files), ...all])
    assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), bytes);
  const read = new Response(bytes);
  await read.text();
  for (const wrong of [undefined, null, "{}", [1, 2], read]) {
    await assert.rejects(resolve({ ...given, model: wrong }), {
      code: "invalid-input",
      message: /^model\.model must be bytes, a Blob or an unread Response/,
    });
  }
  await assert.rejects(resolve({ ...given, weights: bytes }), {
    code: "invalid-input",
    message: /unknown key "weights" in model/,
  });
  await assert.rejects(resolve({ ...given, model: new Response("", { status: 404 }) }), { code: "model-not-found" });
});

test("of several wrong files the error names the first one, whichever is rejected first", async () => {
  let fail;
  const late = new Response(
    new ReadableStream({ start: (controller) => (fail = () => controller.error(new Error())) }),
  );
  const loading = resolve({ config: late, tokenizer: 1, model: 2 });
  await new Promise(setImmediate);
  fail();
  await assert.rejects(loading, {
    code: "download-failed",
    message: "could not load config.json: the connection failed",
  });
});

test("any other value is rejected", async () => {
  for (const model of [42, null, true, Symbol("model")]) {
    await assert.rejects(resolve(model), { code: "invalid-input", message: /^model must be a URL or files, not/ });
  }
});

test("a promise of a model is to be awaited", async () => {
  await assert.rejects(resolve(Promise.resolve({})), {
    code: "invalid-input",
    message: "model must be an object, not a promise: await it",
  });
});

test("bytes of another realm, as in a test of Jest or from a frame, are bytes", async () => {
  const files = { config: "[1, 2]", tokenizer: "[3]", model: "[4, 5]" };
  const given = Object.entries(files).map(([role, list]) => [role, runInNewContext(`new Uint8Array(${list})`)]);
  const source = await resolve({ ...Object.fromEntries(given), manifest: runInNewContext("new ArrayBuffer(6)") });
  const read = async ({ blob }) => [...new Uint8Array(await blob.arrayBuffer())];
  assert.deepEqual(await read(source.files.config), [1, 2]);
  assert.deepEqual(await read(source.files.model), [4, 5]);
  assert.deepEqual(await read(source.files.manifest), [0, 0, 0, 0, 0, 0]);
});
