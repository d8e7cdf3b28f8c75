// Installs the bundlers and runtimes of these tests into the cache, at the versions of package-lock.json.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run, step } from "../../tools/command.mjs";
import { cache, root } from "../../tools/paths.mjs";

const here = join(root, "tests", "hosts");
const FILES = ["package.json", "package-lock.json"];

/** Resolves to the folder whose `node_modules` has them. */
export async function ensureHostTools() {
  const sum = createHash("sha256");
  for (const file of FILES) sum.update(await readFile(join(here, file)));
  const folder = join(cache, "hosts", sum.digest("hex").slice(0, 16));
  if (existsSync(folder)) return folder;
  const part = `${folder}.part`; // renamed at the end: an interrupted installation is not taken for a complete one
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  for (const file of FILES) await cp(join(here, file), join(part, file));
  // Without scripts: binaries come in packages of their platform. Not `npm ci`: it requests the packages of all other
  // platforms too, which a mirror may not have.
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await step("npm install of tests/hosts", () =>
    run("npm", args, { cwd: part, timeout: 600_000, shell: process.platform === "win32" }),
  );
  await rename(part, folder);
  return folder;
}
