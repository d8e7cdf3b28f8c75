import { build } from "esbuild";

const common = { bundle: true, minify: true, format: "iife", logOverride: { "empty-import-meta": "silent" } };

const worker = await build({
  ...common,
  stdin: { contents: 'import "litmus-text/worker";', resolveDir: import.meta.dirname },
  write: false,
});

await build({
  ...common,
  entryPoints: ["main.js"],
  outdir: "built",
  loader: { ".json": "binary", ".onnx": "binary", ".wasm": "binary" },
  define: { WORKER: JSON.stringify(worker.outputFiles[0].text) },
});
