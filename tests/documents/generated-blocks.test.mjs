// Blocks of documents that a command writes, between <!-- NAME … --> and <!-- /NAME --> or <!-- end of NAME -->.
// An empty one means that the command has failed, or that its output was lost.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { whatRuns } from "../../tools/what-runs.mjs";

const MARKER = /^<!-- (\/|end of )?([a-z][\w-]*(?::[\w-]+)*)\b.*-->$/;

/** The blocks of a document by name. Fails where a start has no end, or an end no start. */
function generatedBlocks(text) {
  const blocks = new Map();
  let open;
  for (const line of text.split("\n")) {
    const [, isEnd, name] = MARKER.exec(line) ?? [];
    if (name === undefined) {
      blocks.get(open)?.push(line);
    } else if (isEnd) {
      assert.equal(name, open, `the end of the block ${name} has no start`);
      open = undefined;
    } else {
      assert.equal(open, undefined, `the block ${open} has no end`);
      blocks.set(name, []);
      open = name;
    }
  }
  assert.equal(open, undefined, `the block ${open} has no end`);
  return new Map([...blocks].map(([name, lines]) => [name, lines.join("\n").trim()]));
}

const isEmpty = (block) => block === "" || /^\|[^\n]*\n\|[-| :]*$/.test(block);

test("an empty block and a table without rows are found", () => {
  const text =
    "<!-- a: by a command -->\n\n<!-- end of a -->\n<!-- b -->\n| x |\n|---|\n<!-- /b -->\n<!-- c -->\n1\n<!-- /c -->";
  const blocks = generatedBlocks(text);
  assert.deepEqual(
    [...blocks.keys()].filter((name) => isEmpty(blocks.get(name))),
    ["a", "b"],
  );
  assert.throws(() => generatedBlocks("<!-- a -->\n"), /no end/);
  assert.throws(() => generatedBlocks("<!-- /a -->\n"), /no start/);
});

test("no generated block of a document is empty", async () => {
  const documents = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  let count = 0;
  for (const document of documents.filter((path) => existsSync(join(root, path)))) {
    const text = await readFile(join(root, document), "utf8");
    for (const [name, block] of generatedBlocks(text)) {
      count++;
      assert.ok(!isEmpty(block), `${document}: the block ${name} is empty`);
    }
    assert.doesNotMatch(text, /^\|[-| :]+\|\n(?!\|)/m, `${document}: a table has no rows`);
    assert.doesNotMatch(text, /:\n\n\n/, `${document}: something is missing between a colon and two empty lines`);
  }
  assert.ok(count >= 3, `only ${count} blocks were found`);
});

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Whether a file has a test of that name. A name may be put together in a loop: `${app}, production`. */
function hasTest(text, name) {
  if (text.includes(`fn ${name}()`)) return true;
  return [...text.matchAll(/\btest\(\s*(?:"([^"]+)"|`([^`]+)`|\w+\.name)/g)].some(([, plain, template]) => {
    // Without a text the title is a variable, such as `bundle.name`: all of it is a value.
    const parts = plain ? [plain] : (template?.split(/\$\{[^}]+\}/) ?? ["", ""]);
    const values = new RegExp(`^${parts.map(escaped).join("(.+)")}$`).exec(name)?.slice(1);
    return values?.every((value) => text.includes(value)) ?? false;
  });
}

test("the tables of what runs are up to date, and their tests exist", async () => {
  const { blocks, tests } = await whatRuns();
  const readme = generatedBlocks(await readFile(join(root, "README.md"), "utf8"));
  for (const [name, content] of Object.entries(blocks)) {
    assert.equal(readme.get(name), content, "run npm run what-runs");
  }
  for (const [file, name] of tests) {
    assert.ok(hasTest(await readFile(join(root, file), "utf8"), name), `${file} has no test "${name}"`);
  }
  const loop = 'for (const app of ["astro"]) test(`$' + "{app}, production`, () => {});";
  assert.deepEqual([hasTest(loop, "astro, production"), hasTest(loop, "parcel, production")], [true, false]);
});
