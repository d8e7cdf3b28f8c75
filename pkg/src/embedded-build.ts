import { instantiate } from "../wasm/embedded/litmus_text.js";
import { Instance } from "./instance.js";

/** The build with the model inside its one `.wasm`. */
export const embeddedBuild = new Instance(async (module) => {
  const { memory, embedded } = await instantiate(module);
  return { memory, create: embedded };
});
