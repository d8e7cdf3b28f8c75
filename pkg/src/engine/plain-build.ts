import { instantiate } from "../../wasm/litmus_text.js";
import { Instance } from "./instance.js";
import type { ModelBytes } from "../model/model-files.js";

/** The build whose model is fetched. */
export const plainBuild = new Instance({
  instantiate,
  load: (wasm, files) => {
    const { config, tokenizer, model, manifest } = files as ModelBytes;
    return wasm.wasmclassifier_new(config, tokenizer, model, manifest);
  },
});
