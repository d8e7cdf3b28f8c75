// The package in programs of Node, Deno and Bun. They exit by themselves: the package keeps no handle open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { executable, expected, LIMIT, output, project, tool } from "./project.mjs";

const LINUX = process.platform === "linux" && process.arch === "x64";
/** Deno may only read files: a request would end the program with an error. */
const DENO = ["run", "--no-prompt", "--allow-read=."];

const runtimes = {
  Node: async () => [process.execPath],
  Deno: async () => [await executable("@deno/linux-x64-glibc/deno"), ...DENO],
  Bun: async () => [await executable("@oven/bun-linux-x64/bin/bun")],
};

for (const [name, command] of Object.entries(runtimes)) {
  for (const file of ["main.js", "embedded.js"]) {
    const skip = name !== "Node" && !LINUX && "the lock file has its binary for Linux only";
    test(`${name}, ${file}`, { timeout: LIMIT, skip }, async (t) => {
      const folder = await project(t, "program");
      assert.equal(await output(folder, ...(await command()), file), await expected());
    });
  }
}

// The package is ESM only. Since 20.19, Node's `require` loads such packages.
test("Node, require", { timeout: LIMIT }, async (t) => {
  const folder = await project(t, "program");
  assert.equal(await output(folder, process.execPath, "commonjs.cjs"), await expected());
});

test("a CommonJS bundle of esbuild with the package outside, as of VS Code extensions", {
  timeout: LIMIT,
}, async (t) => {
  const folder = await project(t, "program");
  const { build } = await tool("esbuild");
  const options = { bundle: true, platform: "node", format: "cjs", external: ["litmus-text"] };
  await build({ ...options, absWorkingDir: folder, entryPoints: ["commonjs.cjs"], outfile: "bundle.cjs" });
  assert.equal(await output(folder, process.execPath, "bundle.cjs"), await expected());
});
