// The files of the package that a page downloads, at once or when it first needs them.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "./command.mjs";
import { root } from "./paths.mjs";

/** The names of the modules that a page and its worker load: `name`, its imports, and the worker's script. */
async function modules(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const code = await readFile(join(root, "pkg/dist", name), "utf8");
  for (const [, next] of code.matchAll(/(?:\bfrom|\bimport|\bnew URL\()\s*"\.\/([^"]+\.js)"/g))
    await modules(next, found);
  return found;
}

const model = "models/english";

/** The files by kind, as paths in the package. */
export async function downloads() {
  const scripts = await modules("index.js");
  if (!scripts.has("worker.js"))
    throw new UserError('index.js has no `new URL("./worker.js", …)`, by which bundlers find the worker');
  return {
    "wasm": ["wasm/litmus_text_bg.wasm"],
    "JavaScript": [...scripts].map((name) => `dist/${name}`),
    "model + tokenizer": ["litmus.json", "config.json", "tokenizer.json", "model.onnx"].map(
      (file) => `${model}/${file}`,
    ),
  };
}

/** The heads of the packaged model: pages download one when they first use its task or embeddings. */
export async function headFiles() {
  const names = await readdir(join(root, "pkg", model, "heads"));
  return names.sort().map((name) => `${model}/heads/${name}`);
}
