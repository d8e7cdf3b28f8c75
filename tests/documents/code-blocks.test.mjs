// Code blocks of the documents. Those that name a file after their language, such as ```js tests/hosts/apps/vite/main.js, show
// lines of that file, which other tests run. The others are run (tests/node/docs.test.mjs, tests/command.rs, the crate's
// doctests) or compiled here.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { transform } from "esbuild";
import { listPages } from "../../tools/docs-pages.mjs";
import { root } from "../../tools/paths.mjs";

const read = (path) => readFile(join(root, path), "utf8");

/** The code blocks of a page: language, the file that it names, code. */
function codeBlocks(text) {
  return [...text.matchAll(/^( *)```([\w-]*)(?: (\S+))?\n([\s\S]*?)^\1```$/gm)].map(([, , language, file, code]) => ({
    language,
    file,
    code,
  }));
}

/** The first line of a block that is not in the file, in the file's order. */
function strangeLine(code, text) {
  const lines = text.split("\n");
  let next = 0;
  for (const line of code.split("\n").filter((line) => line.trim())) {
    const found = lines.findIndex((each, i) => i >= next && each.includes(line));
    if (found < 0) return line;
    next = found + 1;
  }
  return undefined;
}

/** Programs that shell blocks may call. */
const PROGRAMS = /^(bun|cargo|cd|curl|deno|litmus|node|npm|npx|python3|spark-submit|[\w/]+\.sh)$/;

async function checkShell(code) {
  execFileSync("bash", ["-n"], { input: code });
  const commands = code.replace(/\\\n/g, " ").split("\n");
  for (const command of commands.filter((line) => line.trim() && !line.startsWith("#"))) {
    const [program] = command.replace(/^(\w+=\S+ )+/, "").split(" ");
    assert.match(program, PROGRAMS, command);
  }
}

const compile = (loader) => (code) => transform(code, { loader, format: "esm", target: "esnext" });

/** How a block without a file is checked, by language. */
const CHECKS = {
  js: () => {}, // tests/node/docs.test.mjs runs it
  console: () => {}, // the tests of the command, of the service and of tests/node/docs.test.mjs run it
  javascript: compile("ts"), // not run, compiled: "ts" allows `await` beside `require`
  json: (code) => JSON.parse(code),
  sh: checkShell,
  rust: (_, page) => assert.equal(page, "README.md", "the crate's doctests have the README's"),
  text: () => {}, // diagrams
};

test("a code block shows a file that is tested, or is run or compiled itself", async () => {
  let count = 0;
  for (const page of await listPages()) {
    if (page.startsWith("docs/api/")) continue; // from the comments in pkg/src
    for (const { language, file, code } of codeBlocks(await read(page))) {
      count++;
      const where = `${page}, a block of ${language || "no language"}:\n${code}`;
      if (file) {
        assert.ok(existsSync(join(root, file)), `${file} does not exist: ${where}`);
        assert.equal(strangeLine(code, await read(file)), undefined, `a line is not in ${file}: ${where}`);
      } else {
        assert.ok(Object.hasOwn(CHECKS, language), `no check for it: ${where}`);
        try {
          await CHECKS[language](code, page);
        } catch (error) {
          assert.fail(`${error.message}: ${where}`);
        }
      }
    }
  }
  assert.ok(count > 80, `only ${count} blocks were found`);
});

test("a block that differs from its file is found", () => {
  const file = "a();\n\nb();\nc();\n";
  assert.equal(strangeLine("a();\nc();\n", file), undefined);
  assert.equal(strangeLine("c();\na();\n", file), "a();");
  assert.equal(strangeLine("d();\n", file), "d();");
  const [block, other] = codeBlocks("```js a/b.js\nx\n```\n\n```sh\ny\n```\n");
  assert.deepEqual([block.file, block.code, other.file, other.language], ["a/b.js", "x\n", undefined, "sh"]);
});

test("the tarball that the pages install is of this version", async () => {
  const { version } = JSON.parse(await read("pkg/package.json"));
  let count = 0;
  for (const page of await listPages()) {
    for (const [file] of (await read(page)).matchAll(/litmus-text-\d[\w.-]*\.tgz/g)) {
      count++;
      assert.equal(file, `litmus-text-${version}.tgz`, page);
    }
  }
  assert.ok(count > 10, `only ${count}`);
});

test("the package's error codes are explained, and no others", async () => {
  const source = await read("pkg/src/shared/errors.ts");
  const [, type] = /export type LitmusErrorCode =([^;]*);/.exec(source);
  const codes = [...type.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
  assert.ok(codes.length > 10);
  const headings = [...(await read("docs/troubleshooting.md")).matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(headings.toSorted(), codes.toSorted());
});
