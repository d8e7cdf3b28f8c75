// workerd does not compile WebAssembly at run time and has no files: the module comes compiled, from an import. esbuild
// leaves the import as it is, so that its path is relative to the bundle in dist/.
import module from "../wasm/litmus_text_bg.wasm";
import { platform } from "./platform.js";

/** Sets `platform` for workerd. Not done by the import alone: a bundler may drop a file of which nothing is used. */
export function useWorkerd(): void {
  platform.module = module;
  // workerd handles other requests only when it runs timers.
  platform.yieldToEventLoop = () => new Promise((resolve) => setTimeout(resolve, 0));
  // workerd cancels a request as hung if it waits for another request and no event of its own is pending. A timer is one.
  platform.keepAlive = () => {
    const timer = setInterval(() => undefined, 1000);
    return () => clearInterval(timer);
  };
}
