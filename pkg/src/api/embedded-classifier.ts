import { openEmbedded } from "../model/embedded-file.js";
import { packageUrl } from "../platform/package-url.js";
import { checkSupport } from "../platform/support.js";
import { startThread } from "../pool/start-thread.js";
import { ThreadLoader } from "../pool/thread-loader.js";
import { WorkerPool } from "../pool/worker-pool.js";
import { neverAborts } from "../shared/abort.js";
import { toLitmusError } from "../shared/errors.js";
import { memoize } from "../shared/memoize.js";
import { Classifier, type SentimentClassifier } from "./classifier.js";
import { startWebWorker } from "./start-web-worker.js";

/** The URL of the WebAssembly file with the model in it. Relative to the bundle in dist/. */
const embeddedWasm = () =>
  packageUrl("wasm/embedded/litmus_text_bg.wasm", new URL("../wasm/embedded/litmus_text_bg.wasm", import.meta.url));

/**
 * The sentiment classifier from a single WebAssembly file, which has the model in it. It runs in a worker in browsers, else on
 * the calling thread. The first call loads it. All callers share it, so leave it open.
 *
 * @throws LitmusError `model-not-found`, `download-failed` if the file cannot be loaded, `unsupported`, `out-of-memory`; the next call
 * tries again
 */
export const classifier: () => Promise<SentimentClassifier> = memoize(async () => {
  try {
    checkSupport();
    const { module, model } = await openEmbedded(embeddedWasm(), neverAborts());
    const start = (signal: AbortSignal) =>
      startThread("auto", (url) => startWebWorker(url, embeddedWasm), undefined, signal);
    const pool = new WorkerPool(new ThreadLoader(module, { from: "files", files: model }), start, 1);
    return new Classifier(pool, await pool.open(undefined, neverAborts())) as SentimentClassifier;
  } catch (error) {
    throw toLitmusError(error);
  }
});

/**
 * Loads everything that `predict` needs: after it, `predict` uses no network and no files. Calling it
 * is optional, because the first call of `predict` loads what is missing. The import itself loads
 * nothing.
 *
 * @throws LitmusError `model-not-found`, `download-failed`, `unsupported`, `out-of-memory`; the next call tries again
 */
export async function load(): Promise<void> {
  await classifier();
}
