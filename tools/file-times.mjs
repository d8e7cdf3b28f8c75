// Keeps cargo from compiling a local crate again in each fresh checkout.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The files of a folder, and one hash over their paths and contents. */
async function readFolder(folder) {
  const sum = createHash("sha256");
  const files = [];
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const file = join(folder, path);
    if (!(await stat(file)).isFile()) continue;
    files.push(file);
    sum.update(`${path}\n`).update(await readFile(file));
  }
  return { files, hash: sum.digest("hex") };
}

/**
 * Gives the files of `folder` the time at which they were first seen with these contents; `memory` is the file that keeps it. Cargo
 * compiles a local crate again if a file is newer than the build products, and in a fresh checkout all files are.
 */
export async function restoreTimes(folder, memory) {
  const { files, hash } = await readFolder(folder);
  const known = JSON.parse(await readFile(memory, "utf8").catch(() => "{}"));
  const time = known.hash === hash ? known.time : Date.now() / 1000;
  for (const file of files) await utimes(file, time, time);
  await mkdir(dirname(memory), { recursive: true });
  await writeFile(memory, JSON.stringify({ hash, time }));
}
