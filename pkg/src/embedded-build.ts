import init, { __wbg_reset_state, embedded } from "../wasm/embedded/litmus_text.js";
import { Instance } from "./instance.js";

/** The build with the model inside its one `.wasm`. */
export const embeddedBuild = new Instance({
  init: (module) => init({ module_or_path: module }),
  reset: __wbg_reset_state,
  create: () => embedded(),
});
