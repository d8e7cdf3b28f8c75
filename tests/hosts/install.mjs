// Installs what these tests need into the cache, at the versions of the lock files: the bundlers and runtimes of this folder,
// and the dependencies of each app and each example that has a lock file of its own.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { run, step } from "../../tools/command.mjs";
import { cache, root } from "../../tools/paths.mjs";

const here = join(root, "tests", "hosts");
const FILES = ["package.json", "package-lock.json"];
const installations = join(cache, "hosts");
/** Days after which an unused installation is removed. Not at once: another checkout, with other lock files, may use it. */
const KEPT_DAYS = 7;

/** Removes the installations in `folder` that no run has used for a week, and those that were interrupted. */
export async function removeUnused(folder, now = Date.now()) {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (now - mtimeMs > KEPT_DAYS * 86_400_000) await rm(path, { recursive: true, force: true });
  }
}

/** Installs what `folder` has in its lock file, once for each content of it. Resolves to the folder with `node_modules`. */
async function ensureInstalled(name, folder) {
  const sum = createHash("sha256");
  for (const file of FILES) sum.update(await readFile(join(folder, file)));
  const target = join(installations, `${name}-${sum.digest("hex").slice(0, 16)}`);
  if (existsSync(target)) {
    await utimes(target, new Date(), new Date()); // in use: see `removeUnused`
    return target;
  }
  const part = `${target}.part`; // renamed at the end: an interrupted installation is not taken for a complete one
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  for (const file of FILES) await cp(join(folder, file), join(part, file));
  // Without scripts: binaries come in packages of their platform. Not `npm ci`: it requests the packages of all other
  // platforms too, which a mirror may not have.
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await step(`npm install of ${name}`, () =>
    run("npm", args, { cwd: part, timeout: 600_000, shell: process.platform === "win32" }),
  );
  await rename(part, target);
  return target;
}

/** Resolves to the folder with the tools, and to those with the dependencies of the apps and examples, by their folders. */
export async function ensureHostTools() {
  const tools = await ensureInstalled("tools", here);
  const dependencies = {};
  for (const group of [join(here, "apps"), join(root, "examples")]) {
    for (const name of await readdir(group)) {
      const folder = join(group, name);
      if (existsSync(join(folder, "package-lock.json"))) dependencies[folder] = await ensureInstalled(name, folder);
    }
  }
  await removeUnused(installations);
  return { tools, dependencies };
}
