import { neverAborts } from "../shared/abort.js";
import { Classifier, predictWith } from "../api/classifier.js";
import { WorkerPool } from "../pool/worker-pool.js";
import { embeddedBuild } from "../engine/embedded-build.js";
import { toLitmusError } from "../shared/errors.js";
import { installed, viteOptimized } from "../platform/vite.js";
import { memoize } from "../shared/memoize.js";
import { ThreadLoader } from "../pool/thread-loader.js";
import { startThread } from "../pool/start-thread.js";
import type { Prediction, PredictOptions } from "../shared/types.js";

export type { Classifier } from "../api/classifier.js";
export { LitmusError, type LitmusErrorCode } from "../shared/errors.js";
export type {
  Attribution,
  CallOptions,
  ClassifierInfo,
  ExplainOptions,
  FileInfo,
  LabelScore,
  Prediction,
  PredictionWarning,
  PredictOptions,
  PredictProgress,
  StreamItem,
  StreamOptions,
  StreamProgress,
  TextOptions,
  TextWindow,
  Tokenization,
} from "../shared/types.js";

const wasm = installed(new URL("../wasm/embedded/litmus_text_bg.wasm", import.meta.url));
const worker = () =>
  viteOptimized
    ? new Worker(`${viteOptimized}embedded-worker.js`, { type: "module" })
    : new Worker(new URL("./embedded-worker.js", import.meta.url), { type: "module" });

/**
 * The sentiment classifier, from a single WebAssembly file that holds the model and its tokenizer.
 * It runs in a worker where there are workers. All callers share it, so leave it open.
 *
 * @throws LitmusError `model-not-found`, `download-failed` if that file cannot be loaded; the next
 * call tries again
 */
export const classifier: () => Promise<Classifier> = memoize(async () => {
  try {
    const pool = new WorkerPool(new ThreadLoader(wasm, { from: "module" }), () => startThread(worker, embeddedBuild), 1);
    return new Classifier(pool, await pool.open(undefined, neverAborts()));
  } catch (error) {
    throw toLitmusError(error);
  }
});

/**
 * Settles when the import has loaded everything. After that, `predict` needs no network and no
 * files. Waiting is optional: `predict` waits by itself.
 */
export const ready: Promise<void> = classifier().then(() => undefined);
// Whoever awaits `ready` hears of a failure; for the others it must not end the process.
ready.catch(() => undefined);

/**
 * Classifies a text with the model inside the WebAssembly file.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `model-not-found`,
 * `download-failed`, `internal`
 */
export function predict(text: string, options?: PredictOptions): Promise<Prediction>;
/**
 * Classifies each text; the results come in the order of the texts. One bad text rejects the whole
 * call, with its `index` in the error.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `model-not-found`,
 * `download-failed`, `internal`
 */
export function predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
export function predict(
  texts: string | readonly string[],
  options?: PredictOptions,
): Promise<Prediction | Prediction[]> {
  return predictWith(classifier, texts, options);
}
