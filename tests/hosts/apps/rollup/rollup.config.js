// The worker is a second entry. wasm/ and models/ are copied one folder above the JavaScript, as in the package.
import { cpSync } from "node:fs";
import { nodeResolve } from "@rollup/plugin-node-resolve";

const litmus = "node_modules/litmus-text";

export default {
  input: { main: "main.js", worker: `${litmus}/dist/worker.js` },
  output: { dir: "js" },
  plugins: [nodeResolve({ browser: true })],
};

for (const folder of ["wasm", "models"]) cpSync(`${litmus}/${folder}`, folder, { recursive: true });
