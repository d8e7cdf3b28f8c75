// npm run format: formats Rust, TypeScript, JavaScript, JSON and Python, and applies the linters' safe fixes.
import { join } from "node:path";
import { fail, run } from "./command.mjs";
import { cache, root } from "./paths.mjs";
import { ensureNode, ensureRuff } from "./toolchain.mjs";

try {
  await ensureNode();
  await run("cargo", ["fmt", "--all"]);
  await run("cargo", ["fmt", "--manifest-path", "tests/fuzz/Cargo.toml"]);
  await run(process.execPath, [join(root, "node_modules/@biomejs/biome/bin/biome"), "check", "--write"]);
  const ruff = await ensureRuff();
  const env = { ...process.env, RUFF_CACHE_DIR: join(cache, "ruff") };
  await run(ruff, ["format"], { env });
  await run(ruff, ["check", "--fix"], { env });
} catch (error) {
  fail(error);
}
