// Installs schemathesis and the parser of Prometheus, at the versions of requirements.txt, once into the cache.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, step } from "../../tools/command.mjs";
import { cache, root } from "../../tools/paths.mjs";

const requirements = join(root, "tests/service/requirements.txt");

/** Resolves to the folder of the executables. */
export async function ensurePython() {
  const folder = join(cache, "service", "venv");
  const stamp = join(folder, "installed.txt");
  const wanted = await readFile(requirements, "utf8");
  if ((await readFile(stamp, "utf8").catch(() => "")) !== wanted) {
    await step("Python packages of tests/service", async () => {
      await mkdir(folder, { recursive: true });
      await run("python3", ["-m", "venv", folder]);
      await run(join(folder, "bin/python"), ["-m", "pip", "install", "--quiet", "--no-deps", "-r", requirements], { timeout: 600_000 });
    });
    await writeFile(stamp, wanted);
  }
  return join(folder, "bin");
}
