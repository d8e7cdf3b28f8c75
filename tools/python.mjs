// Python packages for tests and benchmarks.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, step } from "./command.mjs";
import { cache } from "./paths.mjs";

/**
 * Installs the packages of a requirements file into a virtual environment in the cache, once for each version of the file.
 * The file must list all packages: dependencies are not resolved. Resolves to the folder of the executables.
 */
export async function ensureVirtualEnvironment(name, requirements) {
  const folder = join(cache, name, "venv");
  const bin = join(folder, "bin");
  const stamp = join(folder, "installed.txt"); // written last: an interrupted installation is not taken for a complete one
  const wanted = await readFile(requirements, "utf8");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return bin;
  await step(`Python packages of ${name}`, async () => {
    await mkdir(folder, { recursive: true });
    await run("python3", ["-m", "venv", folder]);
    const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "-r", requirements];
    await run(join(bin, "python"), pip, { timeout: 600_000 });
    await writeFile(stamp, wanted);
  });
  return bin;
}
