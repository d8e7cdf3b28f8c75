// npm run docs: writes docs/api from the comments in pkg/src.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, run, UserError } from "./command.mjs";
import { fragmentsOf } from "./fragments.mjs";
import { root } from "./paths.mjs";
import { ensureNode } from "./toolchain.mjs";

const committed = join(root, "docs/api");

/** typedoc-plugin-markdown numbers links to some headings that occur only once. */
async function mendLinks(folder) {
  const pages = await contents(folder);
  const fragments = new Map([...pages].map(([name, text]) => [name, fragmentsOf(text)]));
  for (const [name, text] of pages) {
    const mended = text.replace(/\]\(([\w-]*(?:\.md)?)#([\w-]+)-(\d+)\)/g, (link, page, heading, number) => {
      const found = fragments.get(page || name);
      return found?.has(`${heading}-${number}`) || !found?.has(heading) ? link : `](${page}#${heading})`;
    });
    if (mended !== text) await writeFile(join(folder, name), mended);
  }
}

async function generate(folder) {
  const typedoc = join(root, "node_modules/typedoc/bin/typedoc");
  await run(process.execPath, [typedoc, "--options", join(root, "pkg/typedoc.json"), "--out", folder], { quiet: true });
  await mendLinks(folder);
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
