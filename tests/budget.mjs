// What a page downloads, compressed, and how much it may be. Lower a number once it is beaten.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { size, sizes } from "../benches/common.mjs";
import { root, targetDir, Unmet } from "../pkg/scripts/tools.mjs";

/** Bytes under brotli 11. */
const BUDGET = {
  "wasm": 1_400_000,
  "JavaScript": 8_900,
  "model + tokenizer": 9_000_000,
};

/** The modules that a page and its worker load, from `index.js` on: what they import, and the worker's own script. */
async function modules(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const code = await readFile(join(root, "pkg/dist", name), "utf8");
  for (const [, next] of code.matchAll(/(?:\bfrom|\bimport|\bnew URL\()\s*"\.\/([^"]+\.js)"/g)) await modules(next, found);
  return found;
}

/** Paths in the package. */
export async function downloads() {
  const scripts = await modules("index.js");
  if (!scripts.has("worker.js")) throw new Unmet("index.js does not lead to worker.js: is its URL still spelt out?");
  return {
    "wasm": ["wasm/litmus_text_bg.wasm"],
    "JavaScript": [...scripts].map((name) => `dist/${name}`),
    "model + tokenizer": ["config.json", "tokenizer.json", "model.onnx"].map((file) => `models/sentiment/${file}`),
  };
}

/** Compressed sizes of files that were seen before: the model takes a minute, and seldom changes. */
const memory = join(targetDir, "brotli.json");

async function compressed(files) {
  const known = JSON.parse(await readFile(memory, "utf8").catch(() => "{}"));
  const sum = createHash("sha256");
  for (const file of files) sum.update(await readFile(join(root, "pkg", file)));
  const key = sum.digest("hex");
  if (!(key in known)) {
    known[key] = (await sizes(files)).brotli;
    await mkdir(targetDir, { recursive: true });
    await writeFile(memory, JSON.stringify(known));
  }
  return known[key];
}

export async function checkBudget() {
  const over = [];
  for (const [name, files] of Object.entries(await downloads())) {
    const brotli = await compressed(files);
    const within = brotli <= BUDGET[name];
    if (!within) over.push(name);
    console.log(`${within ? "✓" : "✗"} ${name.padEnd(20)} ${size(brotli).padStart(9)} of ${size(BUDGET[name])}`);
  }
  if (over.length) throw new Unmet(`over the budget in tests/budget.mjs: ${over.join(", ")}`);
}
