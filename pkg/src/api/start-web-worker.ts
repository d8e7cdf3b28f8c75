import { separateWorkerUrl } from "../platform/package-url.js";
import { startWorkerScript } from "../platform/worker-script.js";

/** Starts a web worker from the script at `given`, by default from the package's own. `file` gives the URL of a file of the package. */
export function startWebWorker(given: URL | undefined, file: () => string): Worker {
  const url = given?.href ?? separateWorkerUrl(file);
  return url ? startWorkerScript(url) : startWorkerScript(...bundledWorker());
}

/**
 * The URL of the worker's script, and its options, as a bundler has written them. Bundlers recognise only the whole expression
 * `new Worker(new URL(…))`, but browsers refuse to start a worker from a script of another origin. So while the expression runs, a
 * class that only keeps its arguments takes the place of `Worker`.
 */
function bundledWorker(): [URL, WorkerOptions] {
  const { Worker: original } = globalThis;
  let url: URL | undefined;
  let options: WorkerOptions | undefined;
  globalThis.Worker = class {
    constructor(...args: [URL, WorkerOptions?]) {
      [url, options] = args;
    }
  } as unknown as typeof Worker;
  try {
    new Worker(new URL("./worker.js", import.meta.url), { type: "module" }); // relative to the bundle in dist/
  } finally {
    globalThis.Worker = original;
  }
  return [url as URL, options ?? {}];
}
