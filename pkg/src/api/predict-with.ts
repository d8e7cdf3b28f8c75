import { unlessAborted, withSignal } from "../shared/abort.js";
import type { Prediction, PredictOptions, SentimentLabel } from "../shared/types.js";
import { checkPredictOptions, checkTexts } from "../shared/validate.js";
import type { SentimentClassifier } from "./classifier.js";

/** The result of `predict` with the packaged model. */
export type PredictResult = Prediction<SentimentLabel> | Prediction<SentimentLabel>[];

/**
 * Predicts with a classifier that the first call loads. Arguments are checked first, so that a wrong call loads nothing. An
 * abort ends the call but not the load, which the next call needs, too.
 */
export async function predictWith(
  load: () => Promise<SentimentClassifier>,
  texts: string | readonly string[],
  options: PredictOptions | undefined,
): Promise<PredictResult> {
  checkTexts(texts);
  checkPredictOptions(options);
  return withSignal(options, async (signal) => {
    const classifier = await unlessAborted(load(), signal);
    return unlessAborted(classifier.predict(texts as string, options), signal);
  });
}
