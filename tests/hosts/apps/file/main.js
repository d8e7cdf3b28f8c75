// For pages of file: URLs and Electron's loadFile, which can neither import modules nor fetch files: everything is in this
// script. `WORKER` is the text of the worker's script, see build.mjs.
import { createClassifier } from "litmus-text";
import config from "litmus-text/models/english/config.json";
import manifest from "litmus-text/models/english/litmus.json";
import model from "litmus-text/models/english/model.onnx";
import tokenizer from "litmus-text/models/english/tokenizer.json";
import wasm from "litmus-text/wasm/litmus_text_bg.wasm";

async function main() {
  const workerUrl = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
  const classifier = await createClassifier({ model: { config, tokenizer, model, manifest }, wasm, workerUrl });
  const { label, score } = await classifier.predict("I loved every minute of it");
  document.body.textContent = `${label} ${score}`;
}

main();
