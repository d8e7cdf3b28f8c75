// Download sizes of a page under brotli, and their limits. Lower a limit when the size falls.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { size, sizes } from "../benches/common.mjs";
import { UserError } from "../tools/command.mjs";
import { downloads } from "../tools/downloads.mjs";
import { root, targetDir } from "../tools/paths.mjs";

/** Bytes under brotli 11. */
const BUDGET = {
  "wasm": 1_230_000,
  // Tasks, embeddings and teaching are 1.1 kB of it. A script of their own, loaded later, made the code harder to read and larger in all.
  "JavaScript": 18_500,
  "model + tokenizer": 9_400_000,
};

/** The file of known sizes, by the hash of the files: compressing the model takes a minute, and it seldom changes. */
const sizeCache = join(targetDir, "brotli.json");

async function compressed(files) {
  const known = JSON.parse(await readFile(sizeCache, "utf8").catch(() => "{}"));
  const sum = createHash("sha256");
  for (const file of files) sum.update(await readFile(join(root, "pkg", file)));
  const key = sum.digest("hex");
  if (!(key in known)) {
    known[key] = (await sizes(files)).brotli;
    await mkdir(targetDir, { recursive: true });
    await writeFile(sizeCache, JSON.stringify(known));
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
  if (over.length) throw new UserError(`over the budget in tests/budget.mjs: ${over.join(", ")}`);
}
