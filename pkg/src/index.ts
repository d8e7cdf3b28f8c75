import { NEVER, unlessAborted } from "./abort.js";
import { Classifier, predictWith } from "./classifier.js";
import { Client } from "./client.js";
import { toLitmusError } from "./errors.js";
import { checkClassifierOptions } from "./input.js";
import { once } from "./once.js";
import { sourceOf } from "./places.js";
import { plainBuild } from "./plain-build.js";
import { Setup } from "./setup.js";
import { startThread } from "./thread.js";
import type { ClassifierOptions, Prediction, PredictOptions } from "./types.js";

export type { Classifier } from "./classifier.js";
export { LitmusError, type LitmusErrorCode } from "./errors.js";
export type {
  CallOptions,
  ClassifierInfo,
  ClassifierOptions,
  LabelScore,
  ModelFile,
  ModelFiles,
  Prediction,
  PredictOptions,
  Progress,
  StreamItem,
  StreamOptions,
  StreamProgress,
  Tokenization,
} from "./types.js";

const wasm = new URL("../wasm/litmus_text_bg.wasm", import.meta.url);
// Spelt out: bundlers make a file of the worker where it stands like this.
const worker = () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

/**
 * Loads a model and the WebAssembly module that runs it.
 *
 * @example
 * const classifier = await createClassifier({ model: "/models/intent/" });
 * const { label, score } = await classifier.predict("cancel my order");
 *
 * @throws LitmusError `invalid-input` (an option that is none), `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `model-malformed`, `model-unsupported`, `aborted`
 */
export async function createClassifier(options: ClassifierOptions = {}): Promise<Classifier> {
  checkClassifierOptions(options);
  const { model, worker: workers = true, cache = true, signal = NEVER, onProgress } = options;
  try {
    const source = await unlessAborted(sourceOf(model, cache, onProgress, signal), signal);
    const start = () => startThread(workers === false ? undefined : worker, plainBuild);
    const client = new Client(new Setup(wasm, source), start, Number(workers) || 1);
    return new Classifier(client, await client.open(onProgress, signal));
  } catch (error) {
    throw toLitmusError(error);
  }
}

const defaultClassifier = once(() => createClassifier());

/**
 * Classifies a text with the packaged sentiment model, loaded at the first call. An abort does not
 * end that load: the next call needs it too.
 *
 * @example
 * const { label, score } = await predict("I loved every minute of it");
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `aborted`, `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `internal`
 */
export function predict(text: string, options?: PredictOptions): Promise<Prediction>;
/**
 * Classifies each text; the results come in the order of the texts. One bad text rejects the whole
 * call, with its `index` in the error.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `aborted`, `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `internal`
 */
export function predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
export function predict(
  texts: string | readonly string[],
  options?: PredictOptions,
): Promise<Prediction | Prediction[]> {
  return predictWith(defaultClassifier, texts, options);
}
