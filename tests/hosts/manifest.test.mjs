// package.json and the types, checked by publint and "Are the types wrong?".
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { installed, LIMIT, output, project, tarball, tool, toolFile, tools } from "./project.mjs";

test("publint finds nothing", { timeout: LIMIT }, async () => {
  const { publint } = await tool("publint");
  const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
  assert.deepEqual(messages, []);
});

test("Are the types wrong? finds nothing", { timeout: LIMIT }, async () => {
  const attw = toolFile("@arethetypeswrong/cli/dist/index.js");
  // Node's `require` loads ESM since 20.19: that is not a problem.
  const ignored = ["--ignore-rules", "cjs-resolves-to-esm"];
  const report = await output(tools, process.execPath, attw, tarball, ...ignored, "--format", "json");
  // It exits with an error if it finds a problem.
  const { entrypoints } = JSON.parse(report).analysis;
  assert.deepEqual(Object.keys(entrypoints).sort(), [
    ".",
    "./embedded",
    "./handler",
    "./models/*",
    "./multilingual",
    "./package.json",
    "./wasm/*",
    "./worker",
  ]);
});

test("TypeScript with moduleResolution node finds all types", { timeout: LIMIT }, async (t) => {
  const folder = await project(t, "old-typescript");
  assert.equal(await output(folder, process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", "."), "");
});
