// Downloads of model files: once, verified, and cached for the next visit.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { launchChromiumProfile } from "../../tools/chromium.mjs";
import { root } from "../../tools/paths.mjs";
import { eventually } from "../harness/eventually.mjs";
import { loadAndPredict, waitUntilCached } from "../harness/package-page.mjs";
import { sendHalf, serveModel } from "../harness/server.mjs";
import { useSite } from "../harness/site.mjs";
import { patchWorker } from "../harness/workers.mjs";

const MODEL = "/litmus-text/models/english/model.onnx";

const site = useSite();

/** A page with the package, the paths that it has requested, and how often it has requested one of them. */
async function openPage(context) {
  const requests = [];
  const prepare = (page) => page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  const visit = await site.packagePage({ context, prepare });
  return { ...visit, requests, requestsOf: (path) => requests.filter((each) => each === path).length };
}

test("concurrent loads download each file once", async () => {
  const { page, context, requests } = await openPage();
  const labels = await page.evaluate(async () => {
    const loads = [
      litmus.createClassifier(),
      litmus.createClassifier({ workers: 2 }),
      litmus.createClassifier({ workers: 0 }),
    ];
    const single = litmus.predict("a gorgeous movie");
    const classifiers = await Promise.all(loads);
    const predictions = await Promise.all([single, ...classifiers.map((each) => each.predict("a gorgeous movie"))]);
    return predictions.map(({ label }) => label);
  });
  assert.deepEqual(labels, Array(4).fill("positive"));
  const files = requests.filter((path) => /\.(onnx|json|wasm)$/.test(path)).sort();
  assert.deepEqual(files, [...new Set(files)], "each once");
  assert.equal(files.length, 5);
  await context.close();
});

test("the next visit takes the files from the cache; cache: false does not", async () => {
  const { page, context, requestsOf } = await openPage();
  assert.equal(await loadAndPredict(page), "positive");
  await waitUntilCached(page);
  assert.equal(requestsOf(MODEL), 1);
  const next = await openPage(context);
  assert.equal(await loadAndPredict(next.page), "positive");
  assert.equal(next.requestsOf(MODEL), 0);
  assert.equal(await loadAndPredict(next.page, { cache: false }), "positive");
  assert.equal(next.requestsOf(MODEL), 1);
  await context.close();
});

test("the browser keeps the compiled code for the next visit, with a progress listener too", async (t) => {
  const profile = await mkdtemp(join(tmpdir(), "litmus-code-cache-"));
  let context;
  t.after(async () => {
    await context?.close();
    await rm(profile, { recursive: true, force: true });
  });
  // Chromium keeps code after it has optimised a megabyte of it. This page optimises a tenth of that.
  context = await launchChromiumProfile(["--js-flags=--wasm-caching-hard-threshold=100000"], { profile });
  const { page } = await openPage(context);
  await page.evaluate(async () => {
    const classifier = await litmus.createClassifier({ onProgress() {} });
    for (let i = 0; i < 100; i++) await classifier.predict("a gorgeous movie");
  });
  const folder = join(profile, "Default/Code Cache/wasm");
  // Chromium creates the folder late, and replaces files while they are listed.
  const sizeOf = (name) =>
    stat(join(folder, name)).then(
      (found) => (found.isFile() ? found.size : 0),
      () => 0,
    );
  const keptBytes = async () => Math.max(...(await Promise.all((await readdir(folder).catch(() => [])).map(sizeOf))));
  for (const end = Date.now() + 10_000; (await keptBytes()) < 100_000; await setTimeout(50))
    assert.ok(Date.now() < end, "no code is kept");
});

test("cache: false stores nothing", async () => {
  const { page, context } = await openPage();
  assert.equal(await loadAndPredict(page, { cache: false }), "positive");
  assert.deepEqual(await page.evaluate(() => caches.keys()), []);
  await context.close();
});

test("loads again without a network", async () => {
  const { page, context } = await openPage();
  assert.equal(await loadAndPredict(page), "positive");
  await waitUntilCached(page);
  await context.setOffline(true);
  assert.equal(await loadAndPredict(page), "positive");
  const { code, message } = await loadAndPredict(page, { cache: false });
  assert.equal(code, "download-failed");
  assert.match(message, /models\/english\//);
  await context.close();
});

test("a model without checksums is kept by its ETags, and loads again without a network", async () => {
  const options = { model: "/fixtures/folders/albert/" };
  const open = async (context) => {
    const requests = [];
    const prepare = (page) => page.on("request", (request) => requests.push(request));
    const { page, context: own } = await site.packagePage({ context, prepare });
    const asked = () =>
      requests
        .filter((request) => /\/albert\/(config|tokenizer|model)\./.test(request.url()))
        .map((request) => `${request.method()} ${request.url().split("/").pop()}`)
        .sort();
    return { page, context: own, asked };
  };
  const { page, context, asked } = await open();
  const label = await loadAndPredict(page, options);
  assert.equal(typeof label, "string");
  assert.deepEqual(asked(), ["GET config.json", "GET model.onnx", "GET tokenizer.json"]);
  await waitUntilCached(page, 3);
  const next = await open(context);
  assert.equal(await loadAndPredict(next.page, options), label);
  assert.deepEqual(next.asked(), ["HEAD config.json", "HEAD model.onnx", "HEAD tokenizer.json"]);
  await context.setOffline(true);
  assert.equal(await loadAndPredict(next.page, options), label);
  const { code } = await loadAndPredict(next.page, { ...options, cache: "verified" });
  assert.equal(code, "download-failed");
  await context.close();
});

test("a damaged entry of the cache is dropped and fetched again", async () => {
  const { page, context, requestsOf } = await openPage();
  assert.equal(await loadAndPredict(page), "positive");
  await waitUntilCached(page);
  const damaged = await page.evaluate(async () => {
    const cache = await caches.open("litmus-text");
    const key = (await cache.keys()).find(({ url }) => url.includes("model.onnx"));
    const bytes = new Uint8Array(await (await cache.match(key)).arrayBuffer());
    bytes[bytes.length >> 1] ^= 1;
    await cache.put(key, new Response(bytes));
    return key.url;
  });
  assert.equal(await loadAndPredict(page), "positive");
  assert.equal(requestsOf(MODEL), 2);
  const file = await readFile(join(root, "models/english/model.onnx"));
  const mended = async ({ damaged, sum }) => {
    const bytes = await (await (await caches.open("litmus-text")).match(damaged))?.arrayBuffer();
    const digest = bytes && new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return digest?.every((byte, i) => byte === sum[i]);
  };
  await eventually(page, mended, { damaged, sum: [...createHash("sha256").update(file).digest()] });
  await context.close();
});

test("a new version at the same URL replaces the old one in the cache", async () => {
  const { page, context } = await openPage();
  const config = JSON.parse(await readFile(join(root, "models/english/config.json"), "utf8"));
  const labels = Object.values(config.id2label).map((label) => label.toUpperCase());
  const changed = JSON.stringify({ ...config, id2label: { ...labels }, label2id: undefined });
  assert.equal(await loadAndPredict(page), "positive");
  await waitUntilCached(page);
  await page.route("**/litmus.json", async (route) => {
    const manifest = await (await route.fetch()).json();
    const sha256 = createHash("sha256").update(changed).digest("hex");
    manifest.files["config.json"] = { bytes: Buffer.byteLength(changed), sha256 };
    await route.fulfill({ json: manifest });
  });
  await page.route("**/config.json", (route) => route.fulfill({ body: changed, contentType: "application/json" }));
  assert.equal(await loadAndPredict(page), "POSITIVE");
  await eventually(page, async () => {
    const keys = await (await caches.open("litmus-text")).keys();
    return keys.length === 4 && keys.filter(({ url }) => url.includes("config.json")).length === 1;
  });
  await context.close();
});

test("a file that litmus.json does not describe is checksum-mismatch, and is not cached", async () => {
  const { page, context } = await openPage();
  await page.route(`**${MODEL}`, async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    body[body.length - 1] ^= 1;
    await route.fulfill({ response, body });
  });
  const { code, message } = await loadAndPredict(page);
  assert.equal(code, "checksum-mismatch");
  assert.match(message, /models\/english\/model\.onnx/);
  const keys = await page.evaluate(async () => (await (await caches.open("litmus-text")).keys()).map(({ url }) => url));
  assert.equal(keys.filter((url) => url.includes("model.onnx")).length, 0);
  await page.unroute(`**${MODEL}`);
  assert.equal(await loadAndPredict(page), "positive");
  await context.close();
});

test("a cache that is full or forbidden does not fail the load", async () => {
  for (const fault of ["put", "open"]) {
    const patch =
      fault === "put"
        ? 'Cache.prototype.put = async () => { throw new DOMException("full", "QuotaExceededError"); };'
        : 'CacheStorage.prototype.open = async () => { throw new DOMException("no", "SecurityError"); };';
    const { page, context } = await site.packagePage({ prepare: (page) => patchWorker(page, patch) });
    assert.equal(await loadAndPredict(page), "positive", fault);
    // The second worker gets the files from the first one.
    const labels = await page.evaluate(async () => {
      const classifier = await litmus.createClassifier({ workers: 2 });
      const texts = Array.from({ length: 40 }, () => "a gorgeous movie");
      return [...new Set((await classifier.predict(texts)).map(({ label }) => label))];
    });
    assert.deepEqual(labels, ["positive"]);
    await context.close();
  }
});

test("a download that is cut off is download-failed and names the URL", async () => {
  // A real server, because Playwright's `fulfill` cannot cut a response: it announces the whole file and hangs up
  // halfway.
  const server = await serveModel((response, bytes) => sendHalf(response, bytes, () => response.destroy()));
  const { page, context } = await openPage();
  for (const workers of ["auto", 0]) {
    const { code, message } = await loadAndPredict(page, { model: server.url, workers });
    assert.equal(code, "download-failed");
    assert.ok(message.includes(`${server.url}model.onnx`), message);
  }
  await server.close();
  await context.close();
});

test("a wasm file that is not WebAssembly is download-failed and names the URL", async () => {
  const { page, context } = await openPage();
  const wasm = "**/litmus_text_bg.wasm";
  const whole = await readFile(join(root, "pkg/wasm/litmus_text_bg.wasm"));
  const faults = {
    "cut in half": { body: whole.subarray(0, whole.length >> 1), contentType: "application/wasm" },
    "a page": { body: "<!doctype html>", contentType: "application/wasm" },
    "status 500": { status: 500 },
  };
  for (const [name, fault] of Object.entries(faults)) {
    await page.route(wasm, (route) => route.fulfill(fault));
    const { code, message } = await loadAndPredict(page);
    assert.equal(code, "download-failed", name);
    assert.match(message, /litmus_text_bg\.wasm/, name);
    await page.unroute(wasm);
  }
  assert.equal(await loadAndPredict(page), "positive");
  await context.close();
});

test("the files of a picked folder are a model", async () => {
  const { page, context } = await openPage();
  await page.evaluate(() => {
    document.body.innerHTML = '<input type="file" webkitdirectory>';
  });
  await page.locator("input").setInputFiles(join(root, "models/english"));
  const picked = await page.evaluate(async () => {
    const { files } = document.querySelector("input");
    const classifier = await litmus.createClassifier({ model: files });
    const { label } = await classifier.predict("a gorgeous movie");
    const without = [...files].filter(({ name }) => name !== "tokenizer.json");
    const missing = await litmus.createClassifier({ model: without }).catch(({ code, message }) => ({ code, message }));
    return { label, missing };
  });
  assert.equal(picked.label, "positive");
  assert.equal(picked.missing.code, "model-not-found");
  assert.match(picked.missing.message, /tokenizer\.json/);
  await context.close();
});
