// The folders of pkg/src are layers: a file imports from its own folder and from those below it, and no two files
// import each other, not even through others. So every file can be read with only what is below it in mind.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const source = join(dirname(fileURLToPath(import.meta.url)), "../../pkg/src");

/** From the bottom to the top. */
const LAYERS = ["shared", "platform", "model", "engine", "pool", "api", "handler", "command", "entry"];

const layerOf = (path) => LAYERS.indexOf(path.split("/")[0]);

/** The files of the package that each file imports, types included. */
async function importsByFile() {
  const names = (await readdir(source, { recursive: true })).map((name) => name.split(sep).join("/"));
  const files = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  const imports = async (file) => {
    const text = await readFile(join(source, file), "utf8");
    const relative = ts
      .preProcessFile(text)
      .importedFiles.map(({ fileName }) => fileName)
      .filter((name) => name.startsWith(".") && name.endsWith(".js"));
    const paths = relative.map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, ".ts"));
    return paths.filter((path) => !path.startsWith("../wasm/")); // made by the build
  };
  return new Map(await Promise.all(files.map(async (file) => [file, await imports(file)])));
}

function upwardImports(graph) {
  return [...graph].flatMap(([file, imports]) =>
    imports.filter((path) => layerOf(path) > layerOf(file)).map((path) => `${file} imports ${path}`),
  );
}

/** The first import cycle that is found, as a list of files, or `undefined`. */
function findCircle(graph) {
  const done = new Set();
  const visit = (file, trail) => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...trail, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

test("every file is in a layer, and every import leads to a file", async () => {
  const graph = await importsByFile();
  assert.ok(graph.size > 30, `only ${graph.size} files were found in ${source}`);
  assert.deepEqual(
    [...graph.keys()].filter((file) => layerOf(file) < 0),
    [],
  );
  const missing = [...graph].flatMap(([file, imports]) =>
    imports.filter((path) => !graph.has(path)).map((path) => `${file}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test("imports point downwards only", async () => {
  assert.deepEqual(upwardImports(await importsByFile()), []);
  assert.deepEqual(
    upwardImports(
      new Map([
        ["shared/a.ts", ["pool/b.ts"]],
        ["pool/b.ts", ["model/c.ts"]],
      ]),
    ),
    ["shared/a.ts imports pool/b.ts"],
  );
});

test("no files import each other in a circle", async () => {
  assert.equal(findCircle(await importsByFile()), undefined);
  assert.deepEqual(
    findCircle(
      new Map([
        ["a", ["b"]],
        ["b", ["c"]],
        ["c", ["b"]],
      ]),
    ),
    ["b", "c", "b"],
  );
});
