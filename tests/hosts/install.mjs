// Installs what these tests need into the cache, at the versions of the lock files: the bundlers and runtimes of this folder,
// and the dependencies of each app and each example that has a lock file of its own.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run, step } from "../../tools/command.mjs";
import { cache, root } from "../../tools/paths.mjs";

const here = join(root, "tests", "hosts");
const FILES = ["package.json", "package-lock.json"];

/** Installs what `folder` has in its lock file, once for each content of it. Resolves to the folder with `node_modules`. */
async function ensureInstalled(name, folder) {
  const sum = createHash("sha256");
  for (const file of FILES) sum.update(await readFile(join(folder, file)));
  const target = join(cache, "hosts", `${name}-${sum.digest("hex").slice(0, 16)}`);
  if (existsSync(target)) return target;
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
  return { tools, dependencies };
}
