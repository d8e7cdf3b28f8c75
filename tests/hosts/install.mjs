// The bundlers and runtimes that these tests drive, at the versions of package-lock.json, installed once into the cache.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run, step } from "../../tools/command.mjs";
import { cache, root } from "../../tools/paths.mjs";

const here = join(root, "tests", "hosts");
const FILES = ["package.json", "package-lock.json"];

/** Resolves to the folder that has them in `node_modules`. */
export async function ensureHostTools() {
  const sum = createHash("sha256");
  for (const file of FILES) sum.update(await readFile(join(here, file)));
  const folder = join(cache, "hosts", sum.digest("hex").slice(0, 16));
  if (existsSync(folder)) return folder;
  const part = `${folder}.part`; // so that what was interrupted is not taken for complete
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  for (const file of FILES) await cp(join(here, file), join(part, file));
  // Programs come inside the packages of their platform: nothing has to be downloaded by scripts. `npm ci` would want
  // the packages of all other platforms in the lock file, which a mirror need not have.
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await step("npm install of tests/hosts", () =>
    run("npm", args, { cwd: part, timeout: 600_000, shell: process.platform === "win32" }),
  );
  await rename(part, folder);
  return folder;
}
