// Runtimes without WebAssembly, and without its SIMD: V8 has switches for both.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

/** Runs a program in Node with a switch of V8. Resolves to the code and the message of the error that `predict` throws. */
async function failure(flag, entry) {
  const program = `
    const { predict } = await import("${entry}");
    await predict("a film").then(console.log, ({ name, code, message }) => console.log(name, code, message));`;
  const args = [flag, "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname });
  return stdout.trim();
}

for (const entry of ["litmus-text", "litmus-text/embedded"]) {
  test(`${entry} without WebAssembly`, async () => {
    assert.match(
      await failure("--no-expose-wasm", entry),
      /^LitmusError unsupported this browser has no WebAssembly: /,
    );
  });

  test(`${entry} without SIMD`, { skip: process.arch !== "x64" && "the switch is one of x64" }, async () => {
    assert.match(await failure("--no-enable-ssse3", entry), /^LitmusError unsupported .* has no WebAssembly SIMD: /);
  });
}
