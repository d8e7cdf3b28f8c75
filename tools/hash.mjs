// Hashes of files, by which tools recognise that nothing has changed.
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** The files among `paths`, and those of folders among them; relative to the folder `base`, as `paths` are. */
export async function listFiles(base, paths) {
  const files = [];
  for (const path of paths) {
    const isFolder = (await stat(join(base, path))).isDirectory();
    const names = isFolder ? (await readdir(join(base, path), { recursive: true })).sort() : [""];
    for (const name of names) if ((await stat(join(base, path, name))).isFile()) files.push(join(path, name));
  }
  return files;
}

/** One hash over the paths and contents of files. */
export async function hashFiles(base, files) {
  const sum = createHash("sha256");
  for (const file of files) sum.update(`${file}\n`).update(await readFile(join(base, file)));
  return sum.digest("hex");
}
