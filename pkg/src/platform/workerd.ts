// workerd compiles no WebAssembly while it runs, and has no files: it gets the module compiled, by an import.
// The path is that of the bundle in dist/, which keeps the import as it is.
import module from "../wasm/litmus_text_bg.wasm";
import { platform } from "./platform.js";

platform.module = module;
// Only at timers does it hear of other requests.
platform.yieldToEventLoop = () => new Promise((resolve) => setTimeout(resolve, 0));
