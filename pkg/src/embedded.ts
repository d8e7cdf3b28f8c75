import init, { embedded } from "../wasm/embedded/litmus_text.js";
import { Classifier, predictWith } from "./classifier.js";
import { toLitmusError } from "./errors.js";
import { compile } from "./load.js";
import { once } from "./once.js";
import type { Prediction, PredictOptions } from "./types.js";

export type { Classifier } from "./classifier.js";
export { LitmusError, type LitmusErrorCode } from "./errors.js";
export type { ClassifierInfo, LabelScore, Prediction, PredictOptions, Tokenization } from "./types.js";

/**
 * The sentiment classifier, from a single WebAssembly file that holds the model and its tokenizer.
 * All callers share it, so leave it open.
 *
 * @throws LitmusError `model-not-found` if that file cannot be loaded; the next call tries again
 */
export const classifier: () => Promise<Classifier> = once(async () => {
  try {
    const module = await compile(new URL("../wasm/embedded/litmus_text_bg.wasm", import.meta.url), undefined);
    const { memory } = await init({ module_or_path: module });
    return new Classifier(embedded(), memory);
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
 * @throws LitmusError `invalid-input`, `empty-text`, `model-not-found`
 */
export function predict(text: string, options?: PredictOptions): Promise<Prediction>;
/**
 * Classifies each text; the results come in the order of the texts. One bad text rejects the whole
 * call, with its `index` in the error.
 *
 * @throws LitmusError `invalid-input`, `empty-text`, `model-not-found`
 */
export function predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
export function predict(
  texts: string | readonly string[],
  options?: PredictOptions,
): Promise<Prediction | Prediction[]> {
  return predictWith(classifier, texts, options);
}
