// The worker is an entry of its own, and what the package loads lies as it does there: one folder above the JavaScript.
import { cpSync } from "node:fs";
import { build } from "esbuild";

const litmus = "node_modules/litmus-text";

await build({
  entryPoints: { main: "main.js", worker: `${litmus}/dist/worker.js` },
  outdir: "js",
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
});

for (const folder of ["wasm", "models"]) cpSync(`${litmus}/${folder}`, folder, { recursive: true });
