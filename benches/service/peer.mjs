// The server that is compared with ours: Node's http and transformers.js, on onnxruntime-node or, with `wasm`, on
// onnxruntime-web. It serves POST /predict with { text }. Usage: node peer.mjs MODELS [wasm]
import { createServer } from "node:http";
import Module from "node:module";

const [models, backend] = process.argv.slice(2);
if (backend === "wasm") {
  // In Node, transformers.js always requires onnxruntime-node: resolve that name to onnxruntime-web.
  const require = Module.createRequire(import.meta.url);
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (name, ...rest) =>
    resolve.call(Module, name === "onnxruntime-node" ? require.resolve("onnxruntime-web") : name, ...rest);
  const { wasm } = require("onnxruntime-web").env;
  wasm.numThreads = 1;
  wasm.wasmPaths = new URL("./node_modules/onnxruntime-web/dist/", import.meta.url).href; // not from a CDN
}
const { env, pipeline } = await import("@huggingface/transformers");
env.allowRemoteModels = false;
env.useWasmCache = false;
env.localModelPath = models;
const classify = await pipeline("text-classification", "sentiment", { dtype: "q8" });

const native = process.report.getReport().sharedObjects.some((path) => path.includes("libonnxruntime"));
if (native === (backend === "wasm")) throw new Error(`this runs on the ${native ? "native" : "wasm"} runtime`);

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const { text } = JSON.parse(Buffer.concat(parts));
  const [prediction] = await classify(text);
  response.setHeader("content-type", "application/json").end(JSON.stringify(prediction));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
