// docs/security.md names a test for each fault and each defect: those tests are there.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { root } from "../../pkg/scripts/tools.mjs";

/** The file that a table's cell means: by its path in a link, or by its name alone. */
async function find(path) {
  if (path.startsWith("../")) return join(root, "docs", path);
  const all = await Promise.all(["src", "tests"].map(async (folder) =>
    (await readdir(join(root, folder), { recursive: true })).map((file) => join(root, folder, file))));
  const named = all.flat().filter((file) => (path.includes("/") ? file === join(root, path) : basename(file) === path));
  assert.equal(named.length, 1, `${path} is one file`);
  return named[0];
}

test("docs/security.md names tests that there are", async () => {
  const page = await readFile(join(root, "docs/security.md"), "utf8");
  const cells = page.split("\n").filter((line) => line.startsWith("| ")).map((line) => line.split(" | ").at(-1));
  const files = cells.flatMap((cell) => [...cell.matchAll(/(?:\[\w+\]\((.+?)\)|`(.+?)`)(?: "(.+?)")?/g)]);
  const tests = files.filter(([, link, name, title]) => title || link || name?.startsWith("tests/"));
  assert.ok(tests.length > 30, `only ${tests.length}`);
  for (const [, link, name, title = ""] of tests) {
    const text = await readFile(await find(link ?? name), "utf8");
    // A title may be cut short, or begin with what a loop puts in.
    assert.ok(text.includes(title.replaceAll(/^… | …$/g, "")), `${link ?? name} has no test "${title}"`);
  }
});
