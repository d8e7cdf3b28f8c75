import { unlessAborted, within } from "../shared/abort.js";
import { Classifier } from "./classifier.js";
import { WorkerPool } from "../pool/worker-pool.js";
import { toLitmusError } from "../shared/errors.js";
import { check, CLASSIFIER } from "../shared/validate.js";
import { installed, viteOptimized } from "../platform/vite.js";
import { platform } from "../platform/platform.js";
import { sourceOf } from "../model/model-source.js";
import { plainBuild } from "../engine/plain-build.js";
import { ThreadLoader } from "../pool/thread-loader.js";
import { startThread } from "../pool/start-thread.js";
import type { ClassifierOptions } from "../shared/types.js";

// The URLs below are relative to the bundle in dist/.

// A function, because `import.meta.url` is not a URL in workerd.
const wasm = () => platform.module ?? installed(new URL("../wasm/litmus_text_bg.wasm", import.meta.url));

// Bundlers recognise a worker by exactly this expression.
const worker = () =>
  viteOptimized
    ? new Worker(`${viteOptimized}worker.js`, { type: "module" })
    : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

/**
 * Loads a model and the WebAssembly module that runs it.
 *
 * @example
 * const classifier = await createClassifier({ model: "/models/intent/" });
 * const { label, score } = await classifier.predict("cancel my order");
 *
 * @throws LitmusError `invalid-input` (an option that is none), `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `model-malformed`, `model-unsupported`, `out-of-memory`,
 * `aborted`, `timeout`
 */
export async function createClassifier(options: ClassifierOptions = {}): Promise<Classifier> {
  check(options, CLASSIFIER);
  const { model, worker: workers = true, cache = true, signal, timeout, onProgress } = options;
  return within({ signal, timeout }, async (signal) => {
    const source = await unlessAborted(sourceOf(model, cache, onProgress, signal), signal);
    const start = () => startThread(workers === false ? undefined : worker, plainBuild, typeof workers === "number");
    const pool = new WorkerPool(new ThreadLoader(wasm(), source), start, Number(workers) || 1);
    return new Classifier(pool, await pool.open(onProgress, signal));
  }).catch((error: unknown) => {
    throw toLitmusError(error);
  });
}
