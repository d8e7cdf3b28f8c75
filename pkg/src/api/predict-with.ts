import { unlessAborted, withSignal } from "../shared/abort.js";
import type { AnyPackagedPrediction } from "../shared/task-types.js";
import type { PredictOptions } from "../shared/types.js";
import { checkPredictOptions, checkTexts, copyTexts } from "../shared/validate.js";
import type { SentimentClassifier } from "./classifier.js";
import type { AnyPredictOptions } from "./predict-params.js";

/** The result of `predict` with the packaged model. */
export type PredictResult = AnyPackagedPrediction | AnyPackagedPrediction[];

/**
 * Predicts with a classifier that `load` resolves to; the first call loads it. Arguments are checked first, so that a wrong call
 * loads nothing. An abort ends the call but not the load, which the next call needs, too.
 */
export async function predictWith(
  load: () => Promise<SentimentClassifier>,
  texts: string | readonly string[],
  options: AnyPredictOptions | undefined,
): Promise<PredictResult> {
  checkTexts(texts);
  checkPredictOptions(options);
  const copy = copyTexts(texts); // the caller may change an array while the model is being loaded
  return withSignal(options, async (signal) => {
    const classifier = await unlessAborted(load(), signal);
    // `signal` is aborted by the timeout, which includes the load. Passed on, the timeout would start again.
    return classifier.predict(copy as string, { ...options, signal, timeout: undefined } as PredictOptions);
  });
}
