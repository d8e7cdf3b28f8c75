import { instantiate } from "../wasm/litmus_text.js";
import { Instance } from "./instance.js";
import type { ModelBytes } from "./model.js";

/** The build whose model is fetched. */
export const plainBuild = new Instance(async (module) => {
  const { memory, WasmClassifier } = await instantiate(module);
  const create = ({ config, tokenizer, model, manifest }: ModelBytes) => new WasmClassifier(config, tokenizer, model, manifest);
  return { memory, create: (files) => create(files as ModelBytes) };
});
