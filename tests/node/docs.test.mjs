// Each `js` block of the package's README and of the pages in docs/ runs and prints what its comments say. Blocks that cannot run
// by themselves, such as configuration, are fenced as `javascript`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";

const docs = process.env.LITMUS_DOCS;
const pages = [
  new URL("../node_modules/litmus-text/README.md", import.meta.url).pathname,
  ...readdirSync(docs)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(docs, name)),
];

for (const page of pages) {
  const blocks = [...readFileSync(page, "utf8").matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code);
  for (const [i, code] of blocks.entries()) {
    test(`${basename(page)}, example ${i + 1}`, () => {
      const expected = [...code.matchAll(/console\.log\(.*?\);\s*\/\/ (.*)$/gm)].map(([, output]) => output);
      assert.ok(expected.length > 0, `the example prints nothing:\n${code}`);
      const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module"], {
        input: code,
        cwd: new URL("..", import.meta.url),
        encoding: "utf8",
      });
      assert.equal(stdout.trim(), expected.join("\n"), stderr);
    });
  }
}

test("the README and the guide have examples", () => {
  for (const name of ["README.md", "javascript.md"]) {
    const page = pages.find((path) => basename(path) === name);
    assert.match(readFileSync(page, "utf8"), /^```js$/m, name);
  }
});
