// npm run docs: writes docs/api from the comments in pkg/src.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, run, UserError } from "./command.mjs";
import { root } from "./paths.mjs";
import { ensureNode } from "./toolchain.mjs";

const committed = join(root, "docs/api");

async function generate(folder) {
  const typedoc = join(root, "node_modules/typedoc/bin/typedoc");
  await run(process.execPath, [typedoc, "--options", join(root, "pkg/typedoc.json"), "--out", folder], { quiet: true });
}

/** The contents of a folder's files by name. */
async function contents(folder) {
  const names = (await readdir(folder).catch(() => [])).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")])));
}

/** Fails if docs/api is out of date. */
export async function checkDocs() {
  const folder = await mkdtemp(join(tmpdir(), "litmus-docs-"));
  try {
    await generate(folder);
    const [current, written] = await Promise.all([contents(folder), contents(committed)]);
    const names = new Set([...current.keys(), ...written.keys()]);
    const stale = [...names].filter((name) => current.get(name) !== written.get(name));
    if (stale.length) throw new UserError(`out of date in docs/api: ${stale.join(", ")}; run \`npm run docs\``);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureNode()
    .then(() => generate(committed))
    .catch(fail);
}
