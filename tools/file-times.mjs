// Keeps cargo from compiling a local crate again in each fresh checkout.
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hashFiles, listFiles } from "./files.mjs";

/**
 * Gives the files of `folder` the time at which they were first seen with these contents; `memory` is the file that keeps it. Cargo
 * compiles a local crate again if a file is newer than the build products, and in a fresh checkout all files are.
 */
export async function restoreTimes(folder, memory) {
  const files = await listFiles(folder, ["."]);
  const hash = await hashFiles(folder, files);
  const known = JSON.parse(await readFile(memory, "utf8").catch(() => "{}"));
  const time = known.hash === hash ? known.time : Date.now() / 1000;
  for (const file of files) await utimes(join(folder, file), time, time);
  await mkdir(dirname(memory), { recursive: true });
  await writeFile(memory, JSON.stringify({ hash, time }));
}
