import { predictWith, type Classifier } from "./classifier.js";
import { create } from "./create.js";
import { viteOptimized } from "./installed.js";
import { once } from "./once.js";
import type { ClassifierOptions, Prediction, PredictOptions } from "./types.js";

export type { Classifier } from "./classifier.js";
export { LitmusError, type LitmusErrorCode } from "./errors.js";
export type {
  Attribution,
  CallOptions,
  ClassifierInfo,
  ClassifierOptions,
  ExplainOptions,
  FileInfo,
  LabelScore,
  ModelFile,
  ModelFiles,
  Prediction,
  PredictionWarning,
  PredictOptions,
  PredictProgress,
  Progress,
  StreamItem,
  StreamOptions,
  StreamProgress,
  TextOptions,
  TextWindow,
  Tokenization,
} from "./types.js";

// Spelt out: bundlers make a file of the worker where it stands like this.
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
export function createClassifier(options?: ClassifierOptions): Promise<Classifier> {
  return create(worker, options);
}

const defaultClassifier = once(() => createClassifier());

/**
 * Classifies a text with the packaged sentiment model, loaded at the first call. An abort does not
 * end that load: the next call needs it too.
 *
 * @example
 * const { label, score } = await predict("I loved every minute of it");
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `internal`
 */
export function predict(text: string, options?: PredictOptions): Promise<Prediction>;
/**
 * Classifies each text; the results come in the order of the texts. One bad text rejects the whole
 * call, with its `index` in the error.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `internal`
 */
export function predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
export function predict(
  texts: string | readonly string[],
  options?: PredictOptions,
): Promise<Prediction | Prediction[]> {
  return predictWith(defaultClassifier, texts, options);
}
