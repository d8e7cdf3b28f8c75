// Every relative link in a Markdown file of the repository leads to a file, and every #fragment to a heading of it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { run } from "../../tools/command.mjs";
import { fragmentsOf } from "../../tools/fragments.mjs";
import { root } from "../../tools/paths.mjs";

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "`code`");

test("links in Markdown files lead somewhere", async () => {
  const listed = await run("git", ["ls-files", "*.md"], { cwd: root, quiet: true });
  const broken = [];
  let count = 0;
  for (const page of listed.trimEnd().split("\n")) {
    const text = withoutCode(await readFile(join(root, page), "utf8"));
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      count++;
      const [path, fragment] = link.split("#");
      const target = path ? join(root, dirname(page), path) : join(root, page);
      if (!existsSync(target)) broken.push(`${page}: ${link}`);
      else if (fragment && !fragmentsOf(await readFile(target, "utf8")).has(fragment)) {
        broken.push(`${page}: ${link} (no such heading in ${relative(root, target)})`);
      }
    }
  }
  assert.ok(count > 50, `only ${count} links were found`);
  assert.deepEqual(broken, []);
});

test("files that ARCHITECTURE.md and CONTRIBUTING.md name exist", async () => {
  const missing = [];
  let count = 0;
  for (const page of ["ARCHITECTURE.md", "CONTRIBUTING.md"]) {
    const text = await readFile(join(root, page), "utf8");
    for (const [, path] of text.matchAll(
      /`((?:src|pkg\/src|tools|tests|models|benches)\/[\w./-]+\.(?:rs|ts|mjs|py|sh))`/g,
    )) {
      count++;
      if (!existsSync(join(root, path))) missing.push(`${page}: ${path}`);
    }
  }
  assert.ok(count > 20, `only ${count} files were found`);
  assert.deepEqual(missing, []);
});
