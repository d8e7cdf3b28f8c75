// The worker is a second entry. wasm/ and models/ are copied one folder above the JavaScript, as in the package.
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
