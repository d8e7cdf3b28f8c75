import { __wbg_reset_state, initSync, WasmClassifier } from "../wasm/litmus_text.js";
import { Instance } from "./instance.js";
import type { ModelBytes } from "./model.js";

/** The build whose model is fetched. */
export const plainBuild = new Instance({
  init: async (module) => initSync({ module }),
  reset: __wbg_reset_state,
  create: (files) => new WasmClassifier(files as ModelBytes),
});
