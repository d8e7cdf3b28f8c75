// Compiles files of pkg/src for unit tests. All files of one call are one bundle, so that they share classes and state.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const source = fileURLToPath(new URL("../../pkg/src", import.meta.url));

/** Unit tests have no WebAssembly: the build that makes it takes minutes. Using it fails. */
const withoutWasm = {
  name: "without WebAssembly",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/wasm\/litmus_text\.js$/ }, ({ path }) => ({ path, namespace: "no-wasm" }));
    onLoad({ filter: /.*/, namespace: "no-wasm" }, () => ({
      contents: `
        const fail = () => { throw new Error("unit tests have no WebAssembly"); };
        export { fail as __wbg_reset_state, fail as Classifier, fail as initSync, fail as memoryBytes };`,
    }));
  },
};

/**
 * Imports files of pkg/src, for instance `"pool/worker-pool.ts"`. Resolves to the exports of all of them; each call to
 * those of a new copy.
 */
export const importSource = (...files) => importVersion("1.2.3", ...files);

/** Like `importSource`, of another version of the package. */
export async function importVersion(version, ...files) {
  const folder = await mkdtemp(join(tmpdir(), "litmus-unit-"));
  try {
    const outfile = join(folder, "source.mjs");
    await build({
      stdin: {
        contents: files.map((file) => `export * from "./${file}";`).join("\n"),
        resolveDir: source,
        loader: "ts",
      },
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "es2022",
      define: { PACKAGE_VERSION: JSON.stringify(version) },
      sourcemap: "inline",
      logLevel: "error",
      plugins: [withoutWasm],
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
