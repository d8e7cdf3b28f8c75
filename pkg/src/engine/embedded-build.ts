import { instantiate, type InitOutput } from "../../wasm/embedded/litmus_text.js";
import { Instance, type Build } from "./instance.js";

const build: Build<InitOutput> = { instantiate, load: (wasm) => wasm.embedded() };

/** The build with the model inside its one `.wasm`. */
export const embeddedBuild = new Instance(build);
