// Lists of files, and their hashes, by which tools recognise that nothing has changed.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import { root } from "./paths.mjs";

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

/**
 * The files of the repository in the folder `path`, without those that git ignores. In a copy without git's folder, such as
 * an unpacked archive: all files but those of installed packages.
 */
export async function repositoryFiles(path = ".") {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", path];
  try {
    const { stdout } = await promisify(execFile)("git", args, { cwd: root, maxBuffer: 2 ** 26 });
    return stdout.split("\0").filter(Boolean);
  } catch {
    const files = (await listFiles(root, [path])).map((file) => file.split(sep).join("/"));
    return files.filter((file) => !/(^|\/)(node_modules|\.git)\//.test(file));
  }
}
