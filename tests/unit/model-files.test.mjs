// Where the files of a model come from: network or cache, by the checksums in litmus.json.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { FakeCaches } from "./fake-caches.mjs";
import { graphWithWeightsIn } from "./onnx.mjs";
import { importSource } from "./source.mjs";

const { cacheKey, readHeadFile, readModel, parseManifest, sourceOf } = await importSource(
  "model/model-files.ts",
  "model/model-source.ts",
  "model/cache.ts",
);

const { signal } = new AbortController();
const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const FILES = { "config.json": "{}", "tokenizer.json": "[]", "model.onnx": "onnx" };
const manifestOf = (files) =>
  JSON.stringify({
    files: Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path, { bytes: text.length, sha256: sha256(text) }]),
    ),
  });

let server;
let base;
let requests;
/** The requests that ask whether a copy in the HTTP cache is current. */
let revalidated;
/** The files of the server by path; a value can be a status instead. */
let served;
/** The headers that tell the version of a file, by path. */
let versions;

before(async () => {
  server = createServer((request, response) => {
    const head = request.method === "HEAD" ? "HEAD " : "";
    requests.push(head + request.url.slice(1));
    for (const [name, value] of Object.entries(versions[request.url.slice(1)] ?? {})) response.setHeader(name, value);
    if (/max-age=0|no-cache/.test(request.headers["cache-control"])) revalidated.push(request.url.slice(1));
    const body = served[request.url.slice(1)];
    if (typeof body === "string") response.setHeader("content-length", body.length).end(body);
    else if (body === undefined) response.writeHead(404).end();
    else body(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${server.address().port}/`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  requests = [];
  revalidated = [];
  versions = {};
  served = { ...FILES, "litmus.json": manifestOf(FILES) };
  globalThis.caches = new FakeCaches();
});
afterEach(() => delete globalThis.caches);

const source = (cache = "always") => sourceOf(base, cache, undefined, signal);

const ROLES = {
  "config.json": "config",
  "tokenizer.json": "tokenizer",
  "tokenizer_config.json": "tokenizerConfig",
  "model.onnx": "model",
  "litmus.json": "manifest",
};

/** The texts of the model's files by role and of others by name, and the paths that the server was asked for. */
async function load(from, onProgress) {
  requests = [];
  const { files, info, storeFiles } = await readModel(await from, onProgress, signal);
  const texts = {};
  const data = {};
  for (const [name, bytes] of Object.entries(files)) {
    if (name in ROLES) texts[ROLES[name]] = decode(bytes);
    else data[name] = decode(bytes);
  }
  return { texts, data, info, storeFiles, asked: requests.toSorted() };
}

const ALL = ["config.json", "litmus.json", "model.onnx", "tokenizer.json"];

test("the first visit downloads, the second only asks for litmus.json", async () => {
  const first = await load(source());
  assert.deepEqual(first.asked, ALL);
  assert.deepEqual(await first.storeFiles(), { ...(await source()), stored: true });
  const second = await load(source());
  assert.deepEqual(second.asked, ["litmus.json"]);
  assert.deepEqual(second.texts, first.texts);
  assert.deepEqual(
    second.info.files,
    Object.entries(FILES).map(([path, text]) => ({ path, bytes: text.length, sha256: sha256(text) })),
  );
});

test("a copy in the HTTP cache is revalidated only where there is a checksum", async () => {
  await load(source());
  assert.deepEqual(revalidated.toSorted(), ALL);
  revalidated = [];
  delete served["litmus.json"];
  await load(source());
  assert.deepEqual(revalidated, ["litmus.json"]);
});

test("tokenizer_config.json is read where there is one, and not asked for where litmus.json does not list it", async () => {
  served["tokenizer_config.json"] = "{}";
  assert.deepEqual((await load(source())).asked, ALL);
  delete served["litmus.json"];
  const found = await load(source());
  assert.equal(found.texts.tokenizerConfig, "{}");
  assert.ok(found.info.files.some(({ path }) => path === "tokenizer_config.json"));
  for (const answer of [undefined, (response) => response.destroy()]) {
    served["tokenizer_config.json"] = answer;
    const { asked, texts } = await load(source());
    assert.ok(asked.includes("tokenizer_config.json"));
    assert.equal(texts.tokenizerConfig, undefined);
  }
  // With a failure that may pass, the file may exist, and the text would be divided into other tokens without it.
  for (const answer of [
    (response) => response.writeHead(503).end(),
    (response) => response.writeHead(200, { "content-length": 100 }).write("{", () => response.destroy()),
  ]) {
    served["tokenizer_config.json"] = answer;
    await assert.rejects(load(source()), { code: "download-failed" });
  }
  const listed = { ...FILES, "tokenizer_config.json": "{}" };
  served = { ...listed, "litmus.json": manifestOf(listed) };
  assert.equal((await load(source())).texts.tokenizerConfig, "{}");
  delete globalThis.caches;
  delete served["tokenizer_config.json"];
  await assert.rejects(load(source(false)), { code: "model-not-found" });
});

test("on the same page, what was stored needs no network at all", async () => {
  const stored = await (await load(source())).storeFiles();
  assert.deepEqual((await load(stored)).asked, []);
});

test("a new version replaces the stored one", async () => {
  await (await load(source())).storeFiles();
  const changed = { ...FILES, "model.onnx": "onnx, version 2" };
  served = { ...changed, "litmus.json": manifestOf(changed) };
  const second = await load(source());
  assert.deepEqual(second.asked, ["litmus.json", "model.onnx"]);
  assert.equal(second.texts.model, "onnx, version 2");
  await second.storeFiles();
  const keys = [...globalThis.caches.entries.keys()].filter((key) => key.includes("model.onnx"));
  assert.deepEqual(keys, [cacheKey(`${base}model.onnx`, sha256("onnx, version 2"))]);
});

test("without a network, the stored litmus.json and files are used", async () => {
  await (await load(source())).storeFiles();
  served["litmus.json"] = (response) => response.destroy();
  assert.equal((await load(source())).texts.model, "onnx");
});

test("a damaged entry of the cache is removed and downloaded again", async () => {
  await (await load(source())).storeFiles();
  const key = cacheKey(`${base}model.onnx`, sha256("onnx"));
  globalThis.caches.entries.set(key, new Response("garbage"));
  const again = await load(source());
  assert.deepEqual([again.texts.model, again.asked], ["onnx", ["litmus.json", "model.onnx"]]);
  assert.equal(globalThis.caches.entries.has(key), false);
});

test("files without a checksum, and with cache: false, are not stored", async () => {
  const without = JSON.stringify({ files: { "config.json": { sha256: sha256("{}") } } });
  served["litmus.json"] = without;
  const again = await (await load(source())).storeFiles();
  assert.equal(again.from, "files", "what is not stored is handed on");
  assert.equal(await again.files.model.blob.text(), "onnx");
  const stored = [...globalThis.caches.entries.keys()].map((key) => new URL(key).pathname.slice(1)).sort();
  assert.deepEqual(stored, ["config.json", "litmus.json"]);
  globalThis.caches = new FakeCaches();
  await (await load(source(false))).storeFiles();
  assert.equal(globalThis.caches.entries.size, 0);
});

test("a full, forbidden or missing cache does not fail the load", async () => {
  for (const state of ["full", "denied", "missing"]) {
    if (state === "missing") delete globalThis.caches;
    else globalThis.caches[state] = true;
    const { texts, storeFiles } = await load(source());
    assert.equal(texts.model, "onnx", state);
    assert.equal((await storeFiles()).from, "files", state);
    globalThis.caches = new FakeCaches();
  }
});

test("a file that litmus.json does not describe is rejected, and not stored", async () => {
  served["model.onnx"] = "something else";
  await assert.rejects(load(source()), (error) => {
    assert.equal(error.code, "checksum-mismatch");
    assert.ok(error.message.includes(`${base}model.onnx`) && error.message.includes(sha256("something else")));
    return true;
  });
  assert.equal(globalThis.caches.entries.size, 0);
});

test("litmus.json is optional; other files are not", async () => {
  delete served["litmus.json"];
  const { texts, info } = await load(source());
  assert.equal(texts.manifest, undefined);
  assert.deepEqual(
    info.files.map(({ sha256 }) => sha256),
    [null, null, null],
  );
  delete served["tokenizer.json"];
  await assert.rejects(load(source()), {
    code: "model-not-found",
    message: `could not load ${base}tokenizer.json: status 404`,
  });
});

test("of several missing files the error names the first one, whichever is refused first", async () => {
  const later = (response) => setTimeout(() => response.writeHead(404).end(), 100);
  served = { "config.json": later };
  await assert.rejects(load(source()), { message: `could not load ${base}config.json: status 404` });
});

test("the first model file that exists is taken", async () => {
  delete served["litmus.json"];
  delete served["model.onnx"];
  served["onnx/model.onnx"] = "whole";
  served["onnx/model_quantized.onnx"] = "quantised";
  assert.equal((await load(source())).texts.model, "quantised");
  delete served["onnx/model_quantized.onnx"];
  const { texts, info } = await load(source());
  assert.deepEqual([texts.model, info.files[2].path], ["whole", "onnx/model.onnx"]);
});

test("a refused request to another origin can be a 404 without CORS headers: litmus.json counts as missing, the next candidate is tried", async () => {
  const refuse = (response) => response.destroy();
  globalThis.location = { origin: "https://page.example" };
  try {
    served["litmus.json"] = served["model.onnx"] = served["onnx/model_quantized.onnx"] = refuse;
    served["onnx/model.onnx"] = "whole";
    const { texts, info } = await load(source());
    assert.deepEqual([texts.model, texts.manifest, info.files[2].path], ["whole", undefined, "onnx/model.onnx"]);

    served["onnx/model.onnx"] = refuse;
    await assert.rejects(load(source()), {
      code: "download-failed",
      message: /model\.onnx: the connection failed, or the server sent no Access-Control-Allow-Origin; /,
    });
    for (const status of [500, 503]) {
      served["litmus.json"] = (response) => response.writeHead(status).end();
      await assert.rejects(load(source()), { code: "download-failed", message: /litmus\.json: status 50/ });
    }
  } finally {
    delete globalThis.location;
  }
});

test("a stored litmus.json of another origin is used while requests for it fail", async () => {
  globalThis.location = { origin: "https://page.example" };
  try {
    await (await load(source())).storeFiles();
    served["litmus.json"] = (response) => response.destroy();
    const { texts, asked } = await load(source());
    assert.equal(texts.manifest, manifestOf(FILES));
    assert.deepEqual(asked, ["litmus.json"]);
    delete served["litmus.json"];
    assert.equal((await load(source())).texts.manifest, undefined, "a status 404 says that the file was removed");
  } finally {
    delete globalThis.location;
  }
});

test("failures say what went wrong", async () => {
  const answers = [
    [(response) => response.writeHead(403).end(), "model-not-found", "status 403"],
    [(response) => response.writeHead(503).end(), "download-failed", "status 503"],
    [
      (response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>"),
      "model-not-found",
      "a web page instead of the file",
    ],
    [(response) => response.end("<!doctype html>"), "model-not-found", "a web page instead of the file"],
    [(response) => response.destroy(), "download-failed", "the connection failed"],
    [
      (response) => {
        response.writeHead(200, { "content-length": 100 }).write("on");
        setTimeout(() => response.destroy(), 5);
      },
      "download-failed",
      "the connection failed",
    ],
  ];
  delete served["litmus.json"];
  delete globalThis.caches;
  for (const [answer, code, reason] of answers) {
    served["model.onnx"] = answer;
    served["onnx/model_quantized.onnx"] = served["onnx/model.onnx"] = answer;
    await assert.rejects(load(source()), (error) => {
      assert.equal(error.code, code, reason);
      assert.ok(error.message.includes(`${base}model.onnx: ${reason}`), error.message);
      return true;
    });
  }
});

test("an abort during a download is aborted, not a failed connection", async () => {
  delete served["litmus.json"];
  const controller = new AbortController();
  served["model.onnx"] = (response) => {
    response.writeHead(200).write("on");
    controller.abort("enough");
  };
  await assert.rejects(readModel(await source(), undefined, controller.signal), { code: "aborted", cause: "enough" });
});

test("progress has every file before the first is complete, and ends at the size", async () => {
  const events = [];
  await load(source(), (event) => events.push(event));
  const complete = events.findIndex(({ file, loaded, total }) => file !== "litmus.json" && loaded === total);
  assert.deepEqual(new Set(events.slice(0, complete + 1).map(({ file }) => file)), new Set(ALL));
  for (const [path, { length }] of Object.entries(FILES)) {
    const last = events.filter(({ file }) => file === path).at(-1);
    assert.deepEqual(last, { file: path, loaded: length, total: length });
  }
});

test("progress drops an announced size that is too small: it never exceeds 100 %", async () => {
  served["litmus.json"] = JSON.stringify({ files: { "model.onnx": { bytes: 2 } } });
  const events = [];
  await load(source(), (event) => event.file === "model.onnx" && events.push(event));
  assert.ok(
    events.every(({ loaded, total }) => total === null || loaded <= total),
    JSON.stringify(events),
  );
  assert.deepEqual(events.at(-1), { file: "model.onnx", loaded: 4, total: 4 });
});

test("invalid entries of litmus.json are ignored", () => {
  const manifest = parseManifest(
    encode(
      JSON.stringify({
        files: { a: { bytes: 5, sha256: "ABC" }, b: { bytes: "5", sha256: 5 } },
        metrics: { accuracy: 1 },
      }),
    ),
  );
  assert.deepEqual(manifest.entryOf("a"), { bytes: 5, sha256: "abc" });
  assert.deepEqual(manifest.entryOf("b"), { bytes: undefined, sha256: undefined });
  assert.deepEqual(manifest.entryOf("c"), { bytes: undefined, sha256: undefined });
  assert.deepEqual(manifest.metrics, { accuracy: 1 });
  for (const bad of [undefined, encode(""), encode("{"), encode("null"), encode("[]"), encode('{"metrics":1}')]) {
    const { entryOf, metrics } = parseManifest(bad);
    assert.deepEqual([entryOf("a").sha256, metrics], [undefined, null]);
  }
});

test("given files are compared with the checksums of their litmus.json", async () => {
  const given = {
    config: encode("{}"),
    tokenizer: new Blob(["[]"]),
    model: new Response("onnx"),
    manifest: encode(manifestOf(FILES)).buffer,
  };
  const { texts } = await load(sourceOf(given, "always", undefined, signal));
  assert.deepEqual([texts.config, texts.tokenizer, texts.model], ["{}", "[]", "onnx"]);
  const wrong = { ...given, model: encode("other") };
  await assert.rejects(load(sourceOf(wrong, "always", undefined, signal)), {
    code: "checksum-mismatch",
    message: /^model\.onnx has the SHA-256/,
  });
});

const DATE = "Sat, 01 Nov 2025 10:00:00 GMT";
const HEADS = ["HEAD config.json", "HEAD model.onnx", "HEAD tokenizer.json"];
/** Optional files, which this server does not have. */
const MISSING = ["litmus.json", "tokenizer_config.json"];

for (const [name, version, newer] of [
  ["ETag", { etag: '"1"' }, { etag: '"2"' }],
  ["size and date", { "last-modified": DATE }, { "last-modified": "Sun, 02 Nov 2025 10:00:00 GMT" }],
]) {
  test(`files without a checksum are kept by ${name}`, async () => {
    delete served["litmus.json"];
    for (const path of Object.keys(FILES)) versions[path] = version;
    const first = await load(source());
    assert.deepEqual(await first.storeFiles(), { ...(await source()), stored: true });
    const second = await load(source());
    assert.deepEqual(second.asked, [...HEADS, ...MISSING]);
    assert.deepEqual([second.texts, second.info], [first.texts, first.info]);

    served["config.json"] = "[]";
    versions["config.json"] = newer;
    const third = await load(source());
    assert.deepEqual(third.asked, [...HEADS, "config.json", ...MISSING].toSorted());
    assert.equal(third.texts.config, "[]");
    await third.storeFiles();
    assert.deepEqual((await load(source())).asked, [...HEADS, ...MISSING], "the new version is kept");
  });
}

test("files without a checksum load without a network, with and without a litmus.json", async () => {
  for (const path of Object.keys(FILES)) versions[path] = { etag: '"1"' };
  for (const manifest of ['{"temperature": 2}', undefined]) {
    globalThis.caches = new FakeCaches();
    served = { ...FILES, ...(manifest && { "litmus.json": manifest }) };
    const online = await load(source());
    await online.storeFiles();
    const offline = Object.fromEntries([...ALL].map((path) => [path, (response) => response.destroy()]));
    served = offline;
    assert.deepEqual((await load(source())).texts, online.texts, manifest);
    for (const cache of ["verified", false]) {
      await assert.rejects(load(source(cache)), { code: "download-failed" }, cache);
    }
  }
});

test("files without a checksum are not stored if the server sends no version, or with another `cache`", async () => {
  delete served["litmus.json"];
  const { storeFiles } = await load(source());
  assert.equal((await storeFiles()).from, "files");
  for (const path of Object.keys(FILES)) versions[path] = { etag: '"1"' };
  for (const cache of ["verified", false]) await (await load(source(cache))).storeFiles();
  assert.equal(globalThis.caches.entries.size, 0);
});

test("a HEAD response without a version, or a server that refuses HEAD, downloads the file", async () => {
  delete served["litmus.json"];
  for (const path of Object.keys(FILES)) versions[path] = { etag: '"1"' };
  await (await load(source())).storeFiles();
  const asked = [...HEADS, "model.onnx", ...MISSING].toSorted();
  versions["model.onnx"] = {};
  assert.deepEqual((await load(source())).asked, asked);
  served["model.onnx"] = (response) => {
    if (response.req.method === "HEAD") response.writeHead(405);
    response.end(FILES["model.onnx"]);
  };
  assert.deepEqual((await load(source())).asked, asked);
});

test("the file of external weights is downloaded, checked and stored, too", async () => {
  const files = { ...FILES, "model.onnx": graphWithWeightsIn("a b.data", "./a b.data"), "a b.data": "weights" };
  served = { ...files, "a%20b.data": files["a b.data"], "litmus.json": manifestOf(files) };
  const first = await load(source());
  assert.deepEqual(first.asked, [...ALL, "a%20b.data"].toSorted());
  assert.deepEqual(first.data, { "a b.data": "weights" });
  assert.equal(first.info.files.at(-1).sha256, sha256("weights"));
  await first.storeFiles();
  assert.deepEqual((await load(source())).asked, ["litmus.json"]);
  served["a%20b.data"] = "wrong!!";
  globalThis.caches = new FakeCaches();
  await assert.rejects(load(source()), { code: "checksum-mismatch" });
});

test("the file of external weights is beside the graph, and other threads get its bytes", async () => {
  served = { ...FILES, "onnx/model.onnx": graphWithWeightsIn("model.onnx_data"), "onnx/model.onnx_data": "weights" };
  delete served["model.onnx"];
  const { data, storeFiles } = await load(source(false));
  assert.deepEqual(data, { "model.onnx_data": "weights" });
  const shared = await storeFiles();
  assert.deepEqual((await load(shared)).data, data);
});

test("the file of external weights may be given as one of the files", async () => {
  const graph = graphWithWeightsIn("w.data");
  const bytes = { config: encode("{}"), tokenizer: encode("[]"), model: encode(graph) };
  const given = (data) => sourceOf({ ...bytes, data }, false, undefined, signal);
  assert.deepEqual((await load(given({ "w.data": encode("weights") }))).data, { "w.data": "weights" });
  assert.deepEqual((await load(given(undefined))).data, {}); // loading the model reports the missing file
  const picked = Object.entries({ ...FILES, "model.onnx": graph, "w.data": "weights" });
  const list = picked.map(([name, text]) => new File([text], name));
  assert.deepEqual((await load(sourceOf(list, false, undefined, signal))).data, { "w.data": "weights" });
});

test("external weights may begin with the byte of <, but not like a web page", async () => {
  served["model.onnx"] = graphWithWeightsIn("weights.bin");
  delete served["litmus.json"];
  for (const weights of ["<weights", "<\0\0\0", "< html>"]) {
    served["weights.bin"] = weights;
    assert.equal((await load(source(false))).data["weights.bin"], weights);
  }
  for (const page of ["<!DOCTYPE html><p>", "\ufeff\n<html lang=en>", "<!-- no such file -->"]) {
    served["weights.bin"] = (response) => response.end(page);
    await assert.rejects(load(source(false)), { code: "model-not-found", message: /web page/ });
  }
});

test("of several missing files of weights the error names the first one", async () => {
  served["model.onnx"] = graphWithWeightsIn("a.data", "b.data");
  served["a.data"] = (response) => setTimeout(() => response.writeHead(404).end(), 100);
  delete served["litmus.json"];
  await assert.rejects(load(source()), { message: `could not load ${base}a.data: status 404` });
});

test("files whose URLs differ only in the query are stored side by side; a new version, or access token, replaces one", async () => {
  const fileOf = (path, token = 1) => new URL(`${base}file?name=${path}&token=${token}`);
  const roles = { config: "config.json", tokenizer: "tokenizer.json", model: "model.onnx", manifest: "litmus.json" };
  const serve = (files, token) => {
    served = {};
    for (const [path, text] of Object.entries(files)) served[fileOf(path, token).href.slice(base.length)] = text;
  };
  const urls = (token) =>
    sourceOf(
      Object.fromEntries(Object.entries(roles).map(([role, path]) => [role, fileOf(path, token)])),
      "always",
      undefined,
      signal,
    );
  const names = (asked) => asked.map((url) => /name=([^&]+)/.exec(url)[1]);
  const files = { ...FILES, "litmus.json": manifestOf(FILES) };
  serve(files);
  await (await load(urls())).storeFiles();
  assert.deepEqual(names((await load(urls())).asked), ["litmus.json"]);
  const changed = { ...FILES, "model.onnx": "onnx, version 2" };
  serve({ ...changed, "litmus.json": manifestOf(changed) });
  await (await load(urls())).storeFiles();
  assert.equal(globalThis.caches.entries.size, 4);
  serve(files, 2);
  await (await load(urls(2))).storeFiles();
  assert.equal(globalThis.caches.entries.size, 4, "those of the first token are gone");
});

test("a file outside of the folder is not asked for", async () => {
  served["model.onnx"] = graphWithWeightsIn("../secret", "/etc/passwd", "https://example.org/x", "..", "");
  delete served["litmus.json"];
  assert.deepEqual((await load(source())).asked, [...ALL, "tokenizer_config.json"].toSorted());
});

test("the heads of a folder are those that litmus.json lists, and are read when they are needed", async () => {
  const files = { ...FILES, "heads/emotion.head": "emotion", "heads/deep/other.head": "no head" };
  served = { ...files, "heads/emotion.head?token=1": "emotion", "litmus.json": manifestOf(files) };
  const { info, asked } = await load(source());
  assert.deepEqual(asked, ALL);
  const [head, ...others] = info.heads;
  assert.deepEqual(others, []);
  assert.deepEqual(head, {
    name: "emotion",
    path: "heads/emotion.head",
    url: `${base}heads/emotion.head`,
    sha256: sha256("emotion"),
    bytes: 7,
    folder: await source(),
  });
  requests = [];
  assert.equal(decode(await readHeadFile(head, signal)), "emotion");
  served = {}; // offline, as far as this file is concerned
  assert.equal(decode(await readHeadFile(head, signal)), "emotion");
  assert.deepEqual(requests, ["heads/emotion.head"]);
  served = { "heads/emotion.head": "changed" };
  globalThis.caches = new FakeCaches();
  await assert.rejects(readHeadFile(head, signal), { code: "checksum-mismatch" });
  served = {};
  await assert.rejects(readHeadFile(head, signal), { code: "model-not-found" });
});

test("heads are beside litmus.json with the same query, unless the source has their URLs", async () => {
  served = { "litmus.json?token=1": manifestOf({ "heads/emotion.head": "", "heads/toxicity.head": "" }) };
  for (const path of ["config.json", "tokenizer.json", "model.onnx"]) served[`${path}?token=1`] = "{}";
  const folder = await sourceOf(`${base}?token=1`, false, undefined, signal);
  const { info } = await load({ ...folder, heads: { toxicity: `${base}assets/toxicity-1f3a.head` } });
  assert.deepEqual(
    info.heads.map(({ url }) => url),
    [`${base}heads/emotion.head?token=1`, `${base}assets/toxicity-1f3a.head`],
  );
});

test("heads that are given with the other files are read with them, and compared with litmus.json", async () => {
  const list = Object.entries({ ...FILES, "heads/emotion.head": "emotion" }).map(([path, text]) => {
    const file = new File([text], path.split("/").at(-1));
    return Object.defineProperty(file, "webkitRelativePath", { value: `model/${path}` });
  });
  const picked = await load(sourceOf(list, false, undefined, signal));
  assert.deepEqual([picked.data, picked.info.heads], [{ "heads/emotion.head": "emotion" }, []]);
  const given = {
    ...{ config: encode("{}"), tokenizer: encode("[]"), model: encode("onnx") },
    manifest: encode(manifestOf({ ...FILES, "heads/emotion.head": "another" })),
    heads: { emotion: encode("emotion") },
  };
  await assert.rejects(load(sourceOf(given, false, undefined, signal)), { code: "checksum-mismatch" });
});
