// Apps built by webpack, Rollup and esbuild, each with the configuration in its folder of apps/. Vite has tests of its own.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { serve } from "../../tools/serve.mjs";
import { listen } from "../harness/server.mjs";
import { good, labelsOfInsult, visit } from "./browser.mjs";
import { atEnd, expected, LIMIT, link, onlyAll, output, project, tool } from "./project.mjs";

async function webpack(folder, settings = {}) {
  const { default: webpack } = await tool("webpack");
  const { default: config } = await import(pathToFileURL(join(folder, "webpack.config.js")).href);
  const stats = await promisify(webpack)({ ...config, ...settings, context: folder });
  const { errors, warnings } = stats.toJson();
  assert.deepEqual(
    [...errors, ...warnings].map(({ message }) => message),
    [],
  );
}

async function rollup(folder) {
  for (const name of ["rollup", "@rollup/plugin-node-resolve"]) await link(folder, name);
  await output(folder, process.execPath, "node_modules/rollup/dist/bin/rollup", "--config", "--failAfterWarnings");
}

async function esbuild(folder, script = "build.js") {
  await link(folder, "esbuild");
  await output(folder, process.execPath, script);
}

test("a page of a file: URL, with everything in one script", { timeout: LIMIT }, async (t) => {
  const folder = await project(t, "file");
  await esbuild(folder, "build.mjs");
  const { seen } = await visit(t, pathToFileURL(join(folder, "index.html")).href);
  assert.deepEqual(seen, good(await expected()));
});

for (const bundle of [webpack, rollup, esbuild]) {
  test(bundle.name, { timeout: LIMIT }, async (t) => {
    const folder = await project(t, bundle.name);
    await bundle(folder);
    const server = await serve({ mounts: { "/": folder } });
    atEnd(t, () => server.close());
    const { page, seen } = await visit(t, server.url);
    assert.deepEqual(seen, good(await expected()));
    assert.deepEqual(await labelsOfInsult(page), ["toxic"]);
  });
}

test("webpack, with URLs that are relative to the page, as in Next.js", {
  timeout: LIMIT,
  skip: onlyAll,
}, async (t) => {
  const folder = await project(t, "webpack");
  await webpack(folder, { module: { parser: { javascript: { url: "relative" } } } });
  const server = await serve({ mounts: { "/": folder } });
  atEnd(t, () => server.close());
  const { page, seen } = await visit(t, server.url);
  assert.deepEqual(seen, good(await expected()));
  assert.deepEqual(await labelsOfInsult(page), ["toxic"]);
});

/** Its URLs are relative to the script, so that the output runs at any place. Resolves to the folder of the output. */
async function vite(folder) {
  const { build } = await tool("vite");
  await build({ root: folder, base: "./", configFile: false, logLevel: "warn" });
  return join(folder, "dist");
}

for (const bundle of [webpack, rollup, esbuild, vite]) {
  test(`${bundle.name}, its output on another origin than the page: computed in a worker`, {
    timeout: LIMIT,
  }, async (t) => {
    const folder = await project(t, bundle.name);
    const output = (await bundle(folder)) ?? folder;
    const cdn = await serve({ mounts: { "/": output }, headers: { "access-control-allow-origin": "*" } });
    atEnd(t, () => cdn.close());
    // The script, and those that Vite preloads.
    const toCdn = (start) => start.replace(/(\.\/)?$/, cdn.url);
    const html = (await readFile(join(output, "index.html"), "utf8")).replace(/src="(\.\/)?|href="\.\//g, toCdn);
    const page = await listen((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(html));
    atEnd(t, () => page.close());
    const { page: app, seen } = await visit(t, page.url);
    const crossOrigin = seen.crossOrigin.filter((url) => !url.startsWith(cdn.url) && !url.startsWith("blob:"));
    assert.deepEqual({ ...seen, crossOrigin }, good(await expected()));
    assert.deepEqual(await labelsOfInsult(app), ["toxic"]);
  });
}

const MULTILINGUAL = `import { createClassifier } from "litmus-text";
import { multilingual } from "litmus-text/multilingual";

const classifier = await createClassifier({ model: multilingual });
const { label } = await classifier.predict("这部电影太好看了，我非常喜欢。");
document.body.textContent = label;
`;

/** The number of ONNX files in a folder and the folders in it. Bundlers add a hash to their names. */
const countModels = async (folder) =>
  (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".onnx")).length;

for (const bundle of [webpack, rollup, esbuild, vite]) {
  test(`${bundle.name}, an app with the multilingual model`, { timeout: LIMIT }, async (t) => {
    const folder = await project(t, bundle.name);
    await writeFile(join(folder, "main.js"), MULTILINGUAL);
    const output = (await bundle(folder)) ?? folder;
    const server = await serve({ mounts: { "/": output } });
    atEnd(t, () => server.close());
    const { seen } = await visit(t, server.url);
    assert.deepEqual(seen, good("positive"));
  });
}

test("a bundler copies the multilingual model only if a module imports it", { timeout: LIMIT }, async (t) => {
  const folder = await project(t, "vite");
  assert.equal(await countModels(await vite(folder)), 1);
  await writeFile(join(folder, "main.js"), MULTILINGUAL);
  assert.equal(await countModels(await vite(folder)), 2);
});
