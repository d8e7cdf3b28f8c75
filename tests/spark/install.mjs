// Java, PySpark at the version of requirements.txt, and the native command.
import { join } from "node:path";
import { run } from "../../tools/command.mjs";
import { root, targetDir } from "../../tools/paths.mjs";
import { ensureVirtualEnvironment } from "../../tools/python.mjs";
import { ensureJava } from "../../tools/toolchain.mjs";

/**
 * Installs them once into the cache. Resolves to the folder of Python's executables, the path of the command `litmus`, and
 * an environment in which Spark listens on this machine only.
 */
export async function ensureSpark() {
  await ensureJava();
  const bin = await ensureVirtualEnvironment("spark", join(root, "tests/spark/requirements.txt"));
  const env = { ...process.env, CARGO_TARGET_DIR: targetDir };
  await run("cargo", ["build", "--release", "--features", "cli", "--bin", "litmus"], { env });
  const spark = { PYSPARK_PYTHON: join(bin, "python"), SPARK_LOCAL_IP: "127.0.0.1" };
  return { bin, litmus: join(targetDir, "release/litmus"), env: { ...process.env, ...spark } };
}
