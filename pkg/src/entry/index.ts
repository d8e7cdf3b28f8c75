import { createClassifier } from "../api/create-classifier.js";
import { type PredictResult, predictWith } from "../api/predict-with.js";
import { memoize } from "../shared/memoize.js";
import type { Prediction, PredictOptions, SentimentLabel, WithoutThreshold } from "../shared/types.js";

export type { Classifier, SentimentClassifier, TaughtClassifier } from "../api/classifier.js";
export { createClassifier } from "../api/create-classifier.js";
export { LitmusError, type LitmusErrorCode } from "../shared/errors.js";
export type {
  Activation,
  Attribution,
  CallOptions,
  ClassifierInfo,
  ClassifierOptions,
  DownloadProgress,
  ExplainOptions,
  FileInfo,
  LabelScore,
  ModelFile,
  ModelFiles,
  Precision,
  Prediction,
  PredictionProgress,
  PredictionWarning,
  PredictOptions,
  SentimentLabel,
  StreamItem,
  StreamOptions,
  StreamProgress,
  TaughtHead,
  TeachExamples,
  TeachOptions,
  TeachReport,
  TextInput,
  TextOptions,
  TextWindow,
  Tokenization,
  WithoutThreshold,
  ZeroShotCallOptions,
  ZeroShotOptions,
} from "../shared/types.js";

const packagedClassifier = memoize(() => createClassifier());

/**
 * Classifies one text with the packaged sentiment model, which the first call loads. An abort does not end that
 * load, which the next call needs, too. Without a `threshold` there is always a label.
 *
 * @example
 * const { label, score } = await predict("I loved every minute of it");
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `internal`
 */
export function predict(
  text: string,
  options?: WithoutThreshold<PredictOptions>,
): Promise<Prediction<SentimentLabel, SentimentLabel>>;
/**
 * Classifies one text.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `internal`
 */
export function predict(text: string, options?: PredictOptions): Promise<Prediction<SentimentLabel>>;
/**
 * Classifies several texts; the predictions come in the order of the texts. One text that cannot be
 * classified rejects the whole call, with its `index` in the error. Without a `threshold` there is
 * always a label.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `internal`
 */
export function predict(
  texts: readonly string[],
  options?: WithoutThreshold<PredictOptions>,
): Promise<Prediction<SentimentLabel, SentimentLabel>[]>;
/**
 * Classifies several texts.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `model-not-found`,
 * `download-failed`, `checksum-mismatch`, `internal`
 */
export function predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction<SentimentLabel>[]>;
export function predict(texts: string | readonly string[], options?: PredictOptions): Promise<PredictResult> {
  return predictWith(packagedClassifier, texts, options);
}
