import { createClassifier } from "../api/create-classifier.js";
import type { AnyPredictOptions } from "../api/predict-params.js";
import { type PredictResult, predictWith } from "../api/predict-with.js";
import { memoize } from "../shared/memoize.js";
import type {
  ChosenOf,
  PackagedTasks,
  SentimentLabel,
  TaskOption,
  TaskPredictions,
  TasksOption,
} from "../shared/task-types.js";
import type { Prediction, PredictOptions, WithoutThreshold } from "../shared/types.js";

export { createClassifier } from "../api/create-classifier.js";
export * from "../api/public-types.js";
export type {
  ClassifierOptions,
  DownloadProgress,
  ModelFile,
  ModelFiles,
  ModelUrls,
} from "../shared/model-types.js";

const packagedClassifier = memoize(() => createClassifier());

/**
 * Classifies one text into the labels of one of the model's tasks. The task's head is downloaded when it is first needed.
 *
 * @example
 * const { labels } = await predict("You are an idiot", { task: "toxicity" });
 *
 * @throws LitmusError as without a task
 */
export function predict<Task extends keyof PackagedTasks>(
  text: string,
  options: WithoutThreshold<PredictOptions> & TaskOption<Task>,
): Promise<Prediction<PackagedTasks[Task], ChosenOf<PackagedTasks, Task>>>;
/** Classifies one text into the labels of one of the model's tasks. */
export function predict<Task extends keyof PackagedTasks>(
  text: string,
  options: PredictOptions & TaskOption<Task>,
): Promise<Prediction<PackagedTasks[Task]>>;
/** Classifies several texts into the labels of one of the model's tasks. */
export function predict<Task extends keyof PackagedTasks>(
  texts: readonly string[],
  options: WithoutThreshold<PredictOptions> & TaskOption<Task>,
): Promise<Prediction<PackagedTasks[Task], ChosenOf<PackagedTasks, Task>>[]>;
/** Classifies several texts into the labels of one of the model's tasks. */
export function predict<Task extends keyof PackagedTasks>(
  texts: readonly string[],
  options: PredictOptions & TaskOption<Task>,
): Promise<Prediction<PackagedTasks[Task]>[]>;
/**
 * Classifies one text for several of the model's tasks; the model reads it once.
 *
 * @example
 * const { sentiment, toxicity } = await predict("I loved it", { tasks: ["sentiment", "toxicity"] });
 *
 * @throws LitmusError as for one task
 */
export function predict<Task extends keyof PackagedTasks>(
  text: string,
  options: Omit<PredictOptions, "threshold" | "explain"> & TasksOption<Task>,
): Promise<TaskPredictions<PackagedTasks, Task>>;
/** Classifies several texts for several of the model's tasks. */
export function predict<Task extends keyof PackagedTasks>(
  texts: readonly string[],
  options: Omit<PredictOptions, "threshold" | "explain"> & TasksOption<Task>,
): Promise<TaskPredictions<PackagedTasks, Task>[]>;
/**
 * Classifies one text with the packaged sentiment model, which the first call loads. An abort does not end that
 * load, which the next call needs, too. Without a `threshold` there is always a label.
 *
 * @example
 * const { label, score } = await predict("I loved every minute of it");
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `model-unsupported` (a pair or `zeroShot`), `aborted`, `timeout`,
 * `model-not-found`, `download-failed`, `checksum-mismatch`, `unsupported`, `out-of-memory`, `internal`
 */
export function predict(
  text: string,
  options?: WithoutThreshold<PredictOptions>,
): Promise<Prediction<SentimentLabel, SentimentLabel>>;
/**
 * Classifies several texts; the predictions come in the order of the texts. One text that cannot be
 * classified rejects the whole call, with its `index` in the error. Without a `threshold` there is
 * always a label.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `model-unsupported` (a pair or `zeroShot`), `aborted`, `timeout`,
 * `model-not-found`, `download-failed`, `checksum-mismatch`, `unsupported`, `out-of-memory`, `internal`
 */
export function predict(
  texts: readonly string[],
  options?: WithoutThreshold<PredictOptions>,
): Promise<Prediction<SentimentLabel, SentimentLabel>[]>;
/**
 * Classifies several texts.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `model-unsupported` (a pair or `zeroShot`), `aborted`, `timeout`,
 * `model-not-found`, `download-failed`, `checksum-mismatch`, `unsupported`, `out-of-memory`, `internal`
 */
export function predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction<SentimentLabel>[]>;
// TypeScript reports a wrong option as an error of the last overload: that for one text, the usual call.
/**
 * Classifies one text.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `model-unsupported` (a pair or `zeroShot`), `aborted`, `timeout`,
 * `model-not-found`, `download-failed`, `checksum-mismatch`, `unsupported`, `out-of-memory`, `internal`
 */
export function predict(text: string, options?: PredictOptions): Promise<Prediction<SentimentLabel>>;
export function predict(texts: string | readonly string[], options?: AnyPredictOptions): Promise<PredictResult> {
  return predictWith(packagedClassifier, texts, options);
}
