// Each `js` block of the package's README is run, and must print what its comments say it prints.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const readme = readFileSync(new URL("../node_modules/litmus-text/README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/^```js\n([^]*?)^```/gm)].map(([, code]) => code);

test("the README shows code", () => assert.ok(blocks.length > 0));

for (const code of blocks) {
  test(code.split("\n").find((line) => line.includes("await")) ?? code, () => {
    const shown = [...code.matchAll(/console\.log\(.*?\);\s*\/\/ (.*)$/gm)].map(([, output]) => output);
    assert.ok(shown.length > 0, "the block shows no output");
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module"], {
      input: code,
      cwd: new URL("..", import.meta.url),
      encoding: "utf8",
    });
    assert.equal(stdout.trim(), shown.join("\n"), stderr);
  });
}
