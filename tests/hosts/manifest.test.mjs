// The manifest and the types: what publint and "Are the types wrong?" have to say of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { installed, LIMIT, output, tarball, tool, toolFile, tools } from "./project.mjs";

test("publint finds nothing", { timeout: LIMIT }, async () => {
  const { publint } = await tool("publint");
  const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
  assert.deepEqual(messages, []);
});

test("are the types wrong? They are not", { timeout: LIMIT }, async () => {
  const attw = toolFile("@arethetypeswrong/cli/dist/index.js");
  // The package has no CommonJS, and says so: a `require` of it is not among what must work.
  const told = await output(tools, process.execPath, attw, tarball, "--profile", "esm-only", "--format", "json");
  // It ends with an error if it finds any problem.
  const { entrypoints } = JSON.parse(told).analysis;
  assert.deepEqual(Object.keys(entrypoints).sort(), [".", "./embedded", "./handler", "./models/*", "./package.json"]);
});
