// package.json and the types, checked by publint and "Are the types wrong?".
import assert from "node:assert/strict";
import { test } from "node:test";
import { installed, LIMIT, output, tarball, tool, toolFile, tools } from "./project.mjs";

test("publint finds nothing", { timeout: LIMIT }, async () => {
  const { publint } = await tool("publint");
  const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
  assert.deepEqual(messages, []);
});

test("Are the types wrong? finds nothing", { timeout: LIMIT }, async () => {
  const attw = toolFile("@arethetypeswrong/cli/dist/index.js");
  // The package is ESM only: `require` need not work.
  const report = await output(tools, process.execPath, attw, tarball, "--profile", "esm-only", "--format", "json");
  // It exits with an error if it finds a problem.
  const { entrypoints } = JSON.parse(report).analysis;
  assert.deepEqual(Object.keys(entrypoints).sort(), [
    ".",
    "./embedded",
    "./handler",
    "./models/*",
    "./package.json",
    "./wasm/*",
    "./worker",
  ]);
});
