// Each `js` block of the package's README and of the pages in docs/ runs and prints what its comments say. Blocks that cannot run
// by themselves are fenced as `javascript`, or name the file that has their lines (tests/documents/code-blocks.test.mjs).
// Of a page with `console` blocks that call Node, the blocks below a file's name are written to files, and the commands run.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";

const docs = process.env.LITMUS_DOCS;
/** The project in which the package is installed. */
const project = new URL("..", import.meta.url).pathname;
const pages = [
  join(project, "node_modules/litmus-text/README.md"),
  ...readdirSync(docs, { recursive: true })
    .filter((name) => name.endsWith(".md") && !/^(api|\.vitepress)\b/.test(name))
    .map((name) => join(docs, name)),
];
const nameOf = (page) => relative(docs, page).replace(/^.*node_modules\//, "");

/** A folder inside of the project, so that its programs find the package. It is removed when the test ends. */
function folderOf(t) {
  const folder = mkdtempSync(join(project, "docs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

for (const page of pages) {
  const text = readFileSync(page, "utf8");
  const blocks = [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code);
  for (const [i, code] of blocks.entries()) {
    test(`${nameOf(page)}, example ${i + 1}`, (t) => {
      const expected = [...code.matchAll(/console\.log\(.*?\);\s*\/\/ (.*)$/gm)].map(([, output]) => output);
      assert.ok(expected.length > 0, `the example prints nothing:\n${code}`);
      const folder = folderOf(t);
      // A file, not standard input: worker threads would inherit `--input-type`, which they refuse.
      writeFileSync(join(folder, "example.mjs"), code);
      const { stdout, stderr } = spawnSync(process.execPath, ["example.mjs"], { cwd: folder, encoding: "utf8" });
      assert.equal(stdout.trim(), expected.join("\n"), stderr);
    });
  }

  for (const [, command, output] of text.matchAll(/^```console\n\$ (node .*)\n([\s\S]*?)^```/gm)) {
    test(`${nameOf(page)}, ${command}`, (t) => {
      const folder = folderOf(t);
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      for (const [, name, code] of text.matchAll(/^`([\w.-]+)`[:：]\n\n```\w+\n([\s\S]*?)^```/gm))
        writeFileSync(join(folder, name), code);
      const { stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" });
      assert.equal(stdout, output, stderr);
    });
  }
}

test("examples and commands were found where they must be", () => {
  const read = (name) =>
    readFileSync(
      pages.find((page) => nameOf(page) === name),
      "utf8",
    );
  for (const name of ["litmus-text/README.md", "javascript.md", "start/node.md", "zh/teaching.md"])
    assert.match(read(name), /^```js$/m, name);
  for (const name of ["start/node.md", "zh/start/node.md"]) assert.match(read(name), /^\$ node main\.js$/m, name);
});
