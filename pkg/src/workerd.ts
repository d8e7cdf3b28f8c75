// workerd compiles no WebAssembly while it runs, and has no files: it gets the module compiled, by an import.
import module from "../wasm/litmus_text_bg.wasm";
import { platform } from "./load.js";

platform.module = module;
// Only at timers does it hear of other requests.
platform.turn = () => new Promise((resolve) => setTimeout(resolve, 0));

export * from "./index.js";
