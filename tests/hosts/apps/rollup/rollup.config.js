// The worker is an entry of its own, and what the package loads lies as it does there: one folder above the JavaScript.
import { cpSync } from "node:fs";
import { nodeResolve } from "@rollup/plugin-node-resolve";

const litmus = "node_modules/litmus-text";

export default {
  input: { main: "main.js", worker: `${litmus}/dist/worker.js` },
  output: { dir: "js" },
  plugins: [nodeResolve({ browser: true })],
};

for (const folder of ["wasm", "models"]) cpSync(`${litmus}/${folder}`, folder, { recursive: true });
