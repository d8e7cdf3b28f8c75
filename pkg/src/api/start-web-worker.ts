import { separateWorkerUrl } from "../platform/package-url.js";
import { startWorkerScript } from "../platform/worker-script.js";

/** Starts a web worker from the script at `given`, or from the package's own. `file` gives the URL of a file of the package. */
export function startWebWorker(given: URL | undefined, file: () => string): Worker {
  const url = given?.href ?? separateWorkerUrl(file);
  if (url) return startWorkerScript(url);
  // Bundlers recognise a worker's script by exactly this expression. Its URL is relative to the bundle in dist/.
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}
