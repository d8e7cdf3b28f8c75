// docs/security.md names a test for each fault and each defect. These tests must exist.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";

const folders = ["src", "tests"].map(async (folder) =>
  (await readdir(join(root, folder), { recursive: true })).map((file) => join(root, folder, file)),
);
const files = (await Promise.all(folders)).flat();

/** The file that a table's cell means: by its path from the page in a link, or from the root, or by its name alone. */
function find(link, name) {
  if (link) return join(root, "docs", link);
  if (name.includes("/")) return join(root, name);
  const named = files.filter((file) => basename(file) === name);
  assert.equal(named.length, 1, `${name} is one file`);
  return named[0];
}

test("docs/security.md names tests that exist", async () => {
  const page = await readFile(join(root, "docs/security.md"), "utf8");
  const cells = page
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split(" | ").at(-1));
  const named = cells.flatMap((cell) => [...cell.matchAll(/(?:\[\w+\]\((.+?)\)|`(.+?)`)(?: "(.+?)")?/g)]);
  const tests = named.filter(([, link, name, title]) => title || link || name?.startsWith("tests/"));
  assert.ok(tests.length > 30, `only ${tests.length}`);
  for (const [, link, name, title = ""] of tests) {
    const text = await readFile(find(link, name), "utf8");
    // A title may be cut short, or begin with what a loop puts in.
    assert.ok(text.includes(title.replaceAll(/^… | …$/g, "")), `${link ?? name} has no test "${title}"`);
  }
});
