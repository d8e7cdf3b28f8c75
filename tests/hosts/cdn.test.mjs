// The package from a CDN, without a bundler, in a page of another origin. The CDNs themselves cannot be reached from here:
// a local server has the paths and the headers of jsDelivr and unpkg.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { test } from "node:test";
import { listen } from "../harness/server.mjs";
import { good, visit } from "./browser.mjs";
import { atEnd, expected, installed, LIMIT, tool } from "./project.mjs";

const { version } = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));

/** What jsDelivr makes of an entry point at `/+esm`: one minified module. jsDelivr uses Rollup and Terser for it. */
async function bundle(entry) {
  const { build } = await tool("esbuild");
  const options = { bundle: true, minify: true, format: "esm", target: "es2022", write: false };
  const { outputFiles } = await build({ entryPoints: [join(installed, "dist", `${entry}.js`)], ...options });
  return outputFiles[0].contents;
}

const TYPES = { ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

async function startCdn(t) {
  const bundles = {
    [`/npm/litmus-text@${version}/+esm`]: await bundle("index"),
    "/npm/litmus-text/+esm": await bundle("index"),
    [`/npm/litmus-text@${version}/embedded/+esm`]: await bundle("embedded"),
    "/npm/litmus-text/embedded/+esm": await bundle("embedded"),
  };
  const folders = [`/npm/litmus-text@${version}/`, `/litmus-text@${version}/`];
  const redirects = { "/litmus-text": `/litmus-text@${version}/dist/index.js` };
  const server = await listen(async ({ url }, response) => {
    const headers = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };
    if (redirects[url]) return response.writeHead(302, { ...headers, location: redirects[url] }).end();
    const folder = folders.find((each) => url.startsWith(each));
    const file = folder && join(installed, url.slice(folder.length));
    const bytes = bundles[url] ?? (file && (await readFile(file).catch(() => undefined)));
    if (!bytes) return response.writeHead(404, headers).end();
    const type = TYPES[bundles[url] ? ".js" : extname(url)] ?? "application/octet-stream";
    return response.writeHead(200, { ...headers, "content-type": type }).end(bytes);
  });
  atEnd(t, () => server.close());
  return server.url.slice(0, -1);
}

/** A page of another origin with the four lines of the README. */
async function startPage(t, script, headers = {}) {
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body><script type="module">
    import { predict } from "${script}";
    const { label, score } = await predict("I loved every minute of it");
    document.body.textContent = label + " " + score;
  </script>`;
  const server = await listen((_, response) => {
    response.writeHead(200, { "content-type": "text/html", ...headers }).end(html);
  });
  atEnd(t, () => server.close());
  return server.url;
}

/** Visits a page that uses `script` of the CDN. */
async function visitPage(t, path, headers) {
  const cdn = await startCdn(t);
  const { page, seen } = await visit(t, await startPage(t, cdn + path, headers?.(cdn)));
  const elsewhere = seen.crossOrigin.filter((url) => !url.startsWith(`${cdn}/`) && !url.startsWith("blob:"));
  return { page, script: cdn + path, seen: { ...seen, crossOrigin: elsewhere } };
}

for (const [name, path] of Object.entries({
  "jsDelivr, the file": `/npm/litmus-text@${version}/dist/index.js`,
  "jsDelivr, /+esm": `/npm/litmus-text@${version}/+esm`,
  "jsDelivr, /+esm without a version": "/npm/litmus-text/+esm",
  "jsDelivr, /embedded/+esm": `/npm/litmus-text@${version}/embedded/+esm`,
  "jsDelivr, /embedded/+esm without a version": "/npm/litmus-text/embedded/+esm",
  "unpkg, the file": `/litmus-text@${version}/dist/index.js`,
  "unpkg, the package's name": "/litmus-text",
})) {
  test(`${name}: computed in a worker`, { timeout: LIMIT }, async (t) => {
    const { seen } = await visitPage(t, path);
    assert.deepEqual(seen, good(await expected()));
  });
}

test("a model of another origin, whose missing files are answered without CORS headers", {
  timeout: LIMIT,
}, async (t) => {
  const files = {
    "/own/config.json": "config.json",
    "/own/tokenizer.json": "tokenizer.json",
    "/own/onnx/model.onnx": "model.onnx",
  };
  const server = await listen(async ({ url }, response) => {
    if (!files[url]) return response.writeHead(404).end();
    const bytes = await readFile(join(installed, "models/english", files[url]));
    return response.writeHead(200, { "access-control-allow-origin": "*" }).end(bytes);
  });
  atEnd(t, () => server.close());
  const { page, script } = await visitPage(t, `/npm/litmus-text@${version}/dist/index.js`);
  const load = async ({ script, model }) => {
    const { createClassifier } = await import(script);
    const classifier = await createClassifier({ model });
    return (await classifier.predict("a gorgeous, witty, seductive movie")).label;
  };
  assert.equal(await page.evaluate(load, { script, model: `${server.url}own/` }), "positive");
});

test("where the page's policy forbids blob: workers, its own thread computes, with a warning", {
  timeout: LIMIT,
}, async (t) => {
  const policy = (cdn) => ({
    "content-security-policy": `default-src 'self' ${cdn}; script-src 'unsafe-inline' 'wasm-unsafe-eval' ${cdn}; worker-src 'self'; img-src data:`,
  });
  const path = `/npm/litmus-text@${version}/dist/index.js`;
  const { page, seen } = await visitPage(t, path, policy);
  assert.deepEqual([seen.shown, seen.workers], [await expected(), 0]);
  const warnings = (await page.consoleMessages()).filter((message) => message.type() === "warning");
  assert.equal(warnings.length, 1);
  assert.match(warnings[0].text(), /the Content-Security-Policy forbids it \(worker-src does not allow blob/);
});
