// What one would write without us: Node's http and transformers.js, on onnxruntime-node or, with `wasm`, on its
// WebAssembly. Answers POST /predict with { text }. node peer.mjs MODELS [wasm]
import { createServer } from "node:http";
import { register } from "node:module";

const [models, backend] = process.argv.slice(2);
if (backend === "wasm") {
  // In Node, transformers.js knows no other runtime than onnxruntime-node: it gets onnxruntime-web in its place.
  const hook = `export const resolve = (name, context, next) =>
    next(name === "onnxruntime-node" ? "onnxruntime-web" : name, name === "onnxruntime-node" ? { ...context, parentURL: ${JSON.stringify(import.meta.url)} } : context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
  const { env } = await import("onnxruntime-web");
  env.wasm.numThreads = 1;
}
const { env, pipeline } = await import("@huggingface/transformers");
env.allowRemoteModels = false;
env.localModelPath = models;
const classify = await pipeline("text-classification", "sentiment", { dtype: "q8" });

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const { text } = JSON.parse(Buffer.concat(parts));
  const [prediction] = await classify(text);
  response.setHeader("content-type", "application/json").end(JSON.stringify(prediction));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
