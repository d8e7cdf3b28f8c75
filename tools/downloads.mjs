// The files of the package that a page downloads, at once or when it first needs them.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "./command.mjs";
import { root } from "./paths.mjs";

const readModule = (name) => readFile(join(root, "pkg/dist", name), "utf8");

/** The names of the modules that a page and its worker load: `name`, its imports, and the worker's script. */
async function modules(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const code = await readModule(name);
  for (const [, next] of code.matchAll(/(?:\bfrom|\bimport|\bnew URL\()\s*"\.\/([^"]+\.js)"/g))
    await modules(next, found);
  return found;
}

/** The modules that these load later, by `import("./name.js")`, and their imports. */
async function lateModules(scripts) {
  const found = new Set(scripts);
  for (const name of scripts)
    for (const [, next] of (await readModule(name)).matchAll(/\bimport\(\s*"\.\/([^"]+\.js)"\s*\)/g))
      await modules(next, found);
  return [...found].filter((name) => !scripts.has(name));
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
    "model + tokenizer": ["config.json", "tokenizer.json", "model.onnx"].map((file) => `${model}/${file}`),
  };
}

/** The files that only tasks, teaching and embeddings need: pages download them when they first use these. */
export async function lateDownloads() {
  const heads = await readdir(join(root, "pkg", model, "heads"));
  return {
    "JavaScript": (await lateModules(await modules("index.js"))).map((name) => `dist/${name}`),
    "heads": heads.sort().map((file) => `${model}/heads/${file}`),
  };
}
