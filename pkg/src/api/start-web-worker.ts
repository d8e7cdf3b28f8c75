import { startModuleWorker } from "../platform/module-worker.js";
import { separateWorkerUrl } from "../platform/package-url.js";

export function startWebWorker(): Worker {
  const url = separateWorkerUrl();
  if (url) return startModuleWorker(url);
  // Bundlers recognise a worker's script by exactly this expression. Its URL is relative to the bundle in dist/.
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}
