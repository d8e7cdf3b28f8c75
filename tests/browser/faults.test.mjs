// Faults around the package: each ends in an error with a code or in the right answer, never in a hang.
// docs/security.md lists all of them, also those in other tests.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { eventually } from "../harness/eventually.mjs";
import { countCachedFiles, loadAndPredict, waitUntilCached } from "../harness/package-page.mjs";
import { listen } from "../harness/server.mjs";
import { useSite } from "../harness/site.mjs";
import { computed, patchWorker, watchWorkers } from "../harness/workers.mjs";

/** Longer than any of these tests takes on a busy machine: a hang fails. */
const TIMEOUT_MS = 60_000;

const site = useSite();

/** Loads and predicts. Resolves to the label or to the code of the error. */
async function attempt(page, options) {
  const outcome = await loadAndPredict(page, options);
  return outcome.code ?? outcome;
}

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};
const MOUNTS = { "/pages/": "tests/browser/pages", "/litmus-text/": "pkg", "/": "www" };

/**
 * The site on a network that breaks: of the file `cut.file`, the fraction `cut.fraction` passes before the connection
 * closes, or hangs with `cut.hold`. `hungUp` counts the downloads of it that ended early.
 */
async function brokenNetwork() {
  const state = { cut: undefined, hungUp: 0 };
  const server = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const mount = Object.keys(MOUNTS).find((prefix) => pathname.startsWith(prefix));
    const path = join(root, MOUNTS[mount], pathname.slice(mount.length));
    const size = await stat(path).then(
      ({ size }) => size,
      () => undefined,
    );
    if (size === undefined) return response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      "content-length": size,
      "cache-control": "no-store",
    });
    const { file, fraction, hold } = state.cut ?? {};
    if (!file || !pathname.endsWith(file)) return createReadStream(path).pipe(response);
    response.on("close", () => (state.hungUp += response.writableFinished ? 0 : 1));
    const passes = Math.floor(size * fraction);
    if (passes === 0) return hold ? undefined : response.destroy();
    createReadStream(path, { end: passes - 1 })
      .on("data", (part) => response.write(part))
      .on("end", () => {
        if (!hold) setTimeout(() => response.destroy(), 20); // first, the written bytes have to be sent
      });
  });
  return { ...server, state };
}

test("a network that is cut at any tenth of a download", { timeout: 5 * TIMEOUT_MS }, async () => {
  const network = await brokenNetwork();
  const { page, context } = await site.packagePage({ url: network.url });
  for (const file of ["litmus_text_bg.wasm", "model.onnx", "tokenizer.json", "litmus.json"]) {
    for (let tenth = 0; tenth < 10; tenth++) {
      network.state.cut = { file, fraction: tenth / 10 };
      assert.equal(await attempt(page), "download-failed", `${tenth} tenths of ${file}`);
      assert.equal(await countCachedFiles(page), 0);
    }
    network.state.cut = undefined;
    // The page keeps a compiled module: the wasm file is cut before it has one.
    if (file === "litmus_text_bg.wasm") assert.equal(await attempt(page, { cache: false }), "positive");
  }
  assert.equal(await attempt(page), "positive", "when the network is back");
  await network.close();
  await context.close();
});

test("a page that is closed during a load", { timeout: TIMEOUT_MS }, async () => {
  const network = await brokenNetwork();
  const { page, context } = await site.packagePage({ url: network.url });
  const other = await site.packagePage({ url: network.url, context });
  network.state.cut = { file: "model.onnx", fraction: 0.5, hold: true };
  await page.evaluate(
    () =>
      void litmus.createClassifier({
        onProgress: ({ file, loaded }) => (globalThis.half ||= file === "model.onnx" && loaded > 0),
      }),
  );
  await page.waitForFunction(() => globalThis.half);
  await page.close();
  network.state.cut = undefined;
  assert.equal(await attempt(other.page), "positive");
  for (let left = 100; left > 0 && network.state.hungUp === 0; left--) await other.page.waitForTimeout(50);
  assert.equal(network.state.hungUp, 1, "the download has ended with its page");
  await network.close();
  await context.close();
});

test("two tabs that load at once", { timeout: TIMEOUT_MS }, async () => {
  const { page, context } = await site.packagePage();
  const others = await Promise.all([site.packagePage({ context }), site.packagePage({ context })]);
  const pages = [page, ...others.map(({ page }) => page)];
  assert.deepEqual(await Promise.all(pages.map((each) => attempt(each))), Array(3).fill("positive"));
  await waitUntilCached(page);
  await context.setOffline(true);
  assert.deepEqual(await Promise.all(pages.map((each) => attempt(each))), Array(3).fill("positive"), "from the cache");
  await context.close();
});

test("a tab that is frozen in the middle of a call, and resumed", { timeout: TIMEOUT_MS }, async () => {
  const { page, context } = await site.packagePage({ prepare: watchWorkers });
  const session = await context.newCDPSession(page);
  await page.evaluate(async () => {
    globalThis.classifier = await litmus.createClassifier();
    const texts = Array.from({ length: 600 }, (_, i) => (i % 2 ? "a gorgeous movie" : "a bleak, desperate movie"));
    globalThis.call = classifier.predict(texts, { onProgress: ({ done }) => (globalThis.done = done) });
  });
  await page.waitForFunction(() => globalThis.done > 5);
  await session.send("Page.setWebLifecycleState", { state: "frozen" });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await session.send("Page.setWebLifecycleState", { state: "active" });
  const labels = await page.evaluate(async () => (await call).map(({ label }) => label));
  assert.deepEqual(
    labels,
    labels.map((_, i) => (i % 2 ? "positive" : "negative")),
  );
  assert.equal(labels.length, 600);
  assert.deepEqual(await computed(page), [600], "each text once");
  await context.close();
});

test("a disk that is full, by the browser's own quota", { timeout: TIMEOUT_MS }, async () => {
  const { page, context } = await site.packagePage();
  const session = await context.newCDPSession(page);
  const origin = new URL(site.url).origin;
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100_000 });
  assert.equal(await attempt(page), "positive");
  const pooled = await page.evaluate(async () => {
    const classifier = await litmus.createClassifier({ workers: 2 });
    const texts = Array.from({ length: 40 }, () => "a gorgeous movie");
    const labels = new Set((await classifier.predict(texts)).map(({ label }) => label));
    classifier.close();
    return [...labels];
  });
  assert.deepEqual(pooled, ["positive"], "the second worker gets the files from the first one");
  const models = await page.evaluate(async () => {
    const keys = await (await caches.open("litmus-text")).keys();
    return keys.filter(({ url }) => url.includes("model.onnx")).length;
  });
  assert.equal(models, 0, "the quota has no room for the model");
  await session.send("Storage.overrideQuotaForOrigin", { origin });
  assert.equal(await attempt(page), "positive");
  await waitUntilCached(page);
  await context.close();
});

test("a browser without the Cache API, and one without digests", { timeout: TIMEOUT_MS }, async () => {
  for (const missing of ["caches", "crypto.subtle"]) {
    const patch =
      missing === "caches"
        ? 'Object.defineProperty(globalThis, "caches", { value: undefined });'
        : 'Object.defineProperty(globalThis.crypto, "subtle", { value: undefined });';
    const prepare = async (page) => {
      await page.addInitScript(patch);
      await patchWorker(page, patch, { first: true });
    };
    const { page, context } = await site.packagePage({ prepare });
    for (const workers of ["auto", 2, 0])
      assert.equal(await attempt(page, { workers }), "positive", `${missing}, workers: ${workers}`);
    await context.close();
  }
});

test("every entry of the cache is garbage, with and without a network", { timeout: TIMEOUT_MS }, async () => {
  const { page, context } = await site.packagePage();
  /** Overwrites every entry, once the last load has stored all of them. */
  const spoil = async () => {
    await eventually(page, async () => {
      const cache = await caches.open("litmus-text");
      const found = await Promise.all((await cache.keys()).map((key) => cache.match(key)));
      const sizes = await Promise.all(found.map(async (entry) => (await entry?.arrayBuffer())?.byteLength));
      return sizes.length === 4 && sizes.every((size) => size > 64);
    });
    await page.evaluate(async () => {
      const cache = await caches.open("litmus-text");
      for (const key of await cache.keys()) await cache.put(key, new Response(new Uint8Array(64).fill(0xff)));
    });
  };
  assert.equal(await attempt(page), "positive");
  await spoil();
  assert.equal(await attempt(page), "positive", "it is downloaded again");
  await spoil();
  await context.setOffline(true);
  const code = await attempt(page);
  assert.ok(["download-failed", "model-malformed"].includes(code), code);
  await context.setOffline(false);
  assert.equal(await attempt(page), "positive");
  await context.close();
});

test("a page whose process is killed in the middle of a call", { timeout: TIMEOUT_MS }, async () => {
  const { page, context } = await site.packagePage();
  assert.equal(await attempt(page), "positive");
  await page.evaluate(() => void litmus.predict(Array(2000).fill("a gorgeous movie")));
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  void session.send("Page.crash").catch(() => undefined); // the process that would answer is gone
  await crashed;
  const next = await site.packagePage({ context });
  assert.equal(await attempt(next.page), "positive");
  await context.close();
});
