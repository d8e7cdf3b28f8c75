// The shipped model in the formats of other runtimes, for comparisons with them.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, step } from "../../tools/command.mjs";
import { cache, root } from "../../tools/paths.mjs";
import { ensureVirtualEnvironment } from "../../tools/python.mjs";

const here = join(root, "benches", "peers");
const model = join(root, "models", "english");
/** The folder with the files that models.py writes. */
export const models = join(cache, "peers", "models");

const read = (path) => readFile(path, "utf8").catch(() => "");

/** Runs models.py if the model, the scripts or their Python packages have changed. Resolves to the content of its made.json. */
export async function ensureModels() {
  const requirements = join(here, "requirements.txt");
  const python = join(await ensureVirtualEnvironment("peers", requirements), "python");
  const sum = createHash("sha256");
  const sources = ["config.json", "tokenizer.json", "model.onnx"].map((name) => join(model, name));
  const scripts = [join(here, "models.py"), join(root, "models/train/graph.py"), requirements];
  for (const path of [...sources, ...scripts]) sum.update(await readFile(path));
  const source = sum.digest("hex");
  const stamp = join(models, "source.txt");
  if ((await read(stamp)) !== source) {
    await step("the peers' models", () => run(python, ["-B", join(here, "models.py"), model, models]));
    await writeFile(stamp, source);
  }
  return JSON.parse(await read(join(models, "made.json")));
}
