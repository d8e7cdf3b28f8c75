// The package in programs: Node, Deno and Bun. They end by themselves, so nothing of the package keeps them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { executable, expected, LIMIT, output, project } from "./project.mjs";

const LINUX = process.platform === "linux" && process.arch === "x64";
/** Deno may read files and nothing else: a request would end the program. */
const DENO = ["run", "--no-prompt", "--allow-read=."];

const runtimes = {
  Node: async () => [process.execPath],
  Deno: async () => [await executable("@deno/linux-x64-glibc/deno"), ...DENO],
  Bun: async () => [await executable("@oven/bun-linux-x64/bin/bun")],
};

for (const [name, command] of Object.entries(runtimes)) {
  for (const file of ["main.js", "embedded.js"]) {
    const skip = name !== "Node" && !LINUX && "its binary in the lock file is that of Linux";
    test(`${name}, ${file}`, { timeout: LIMIT, skip }, async (t) => {
      const folder = await project(t, "program");
      assert.equal(await output(folder, ...(await command()), file), await expected());
    });
  }
}
