import { predictWith } from "../api/classifier.js";
import { createClassifier } from "../api/create-classifier.js";
import { memoize } from "../shared/memoize.js";
import type { Prediction, PredictOptions } from "../shared/types.js";

export type { Classifier } from "../api/classifier.js";
export { createClassifier } from "../api/create-classifier.js";
export { LitmusError, type LitmusErrorCode } from "../shared/errors.js";
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
} from "../shared/types.js";

const defaultClassifier = memoize(() => createClassifier());

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
