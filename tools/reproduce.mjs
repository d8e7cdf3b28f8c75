// npm run reproduce: builds the WebAssembly a second time, from a copy of the sources in another folder, and compares
// the files. It takes as long as a cold build.
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { fail, run, step, UserError } from "./command.mjs";
import { repositoryFiles } from "./files.mjs";
import { root } from "./paths.mjs";

const WASM = "pkg/wasm/litmus_text_bg.wasm";

const sum = async (folder) =>
  createHash("sha256")
    .update(await readFile(join(folder, WASM)))
    .digest("hex");

async function reproduce() {
  const elsewhere = await mkdtemp(join(tmpdir(), "litmus-text-again-"));
  try {
    await build({ supply: false });
    for (const path of await repositoryFiles()) await cp(join(root, path), join(elsewhere, path));
    await cp(join(root, "node_modules"), join(elsewhere, "node_modules"), { recursive: true, verbatimSymlinks: true });
    const code = `import { build } from ${JSON.stringify(join(elsewhere, "tools/build.mjs"))}; await build({ supply: false });`;
    const env = { ...process.env, CARGO_TARGET_DIR: join(elsewhere, "target") };
    await step(`a second build, in ${elsewhere}`, () =>
      run(process.execPath, ["--input-type=module", "-e", code], { cwd: elsewhere, env }),
    );
    const [first, second] = [await sum(root), await sum(elsewhere)];
    console.log(`${first}  ${WASM}\n${second}  second build`);
    if (first !== second) throw new UserError("the two builds differ");
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}

await reproduce().catch(fail); // `fail` exits, so it comes after `finally`
