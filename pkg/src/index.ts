import init, { WasmClassifier } from "../wasm/litmus_text.js";
import { Classifier, predictWith } from "./classifier.js";
import { LitmusError, toLitmusError } from "./errors.js";
import { checkKeys } from "./input.js";
import { compile, type OnProgress } from "./load.js";
import { fetchModel, modelFolder, packagedModel, readModel, type ModelBytes } from "./model.js";
import { once } from "./once.js";
import type { ClassifierOptions, Prediction, PredictOptions } from "./types.js";

export type { Classifier } from "./classifier.js";
export { LitmusError, type LitmusErrorCode } from "./errors.js";
export type {
  ClassifierInfo,
  ClassifierOptions,
  LabelScore,
  ModelFile,
  ModelFiles,
  Prediction,
  PredictOptions,
  Progress,
  Tokenization,
} from "./types.js";

const loadWasm = once(async (onProgress: OnProgress) => {
  const module = await compile(new URL("../wasm/litmus_text_bg.wasm", import.meta.url), onProgress);
  const { memory } = await init({ module_or_path: module });
  return memory;
});

function loadModel(model: ClassifierOptions["model"], onProgress: OnProgress): Promise<ModelBytes> {
  if (model === undefined) return fetchModel(packagedModel(), onProgress);
  if (typeof model === "string" || model instanceof URL) return fetchModel(modelFolder(model), onProgress);
  return readModel(model, onProgress);
}

/**
 * Loads a model and the WebAssembly module that runs it.
 *
 * @example
 * const classifier = await createClassifier({ model: "/models/intent/" });
 * const { label, score } = await classifier.predict("cancel my order");
 *
 * @throws LitmusError `invalid-input` (an option that is none), `model-not-found`,
 * `model-malformed`, `model-unsupported`
 */
export async function createClassifier(options: ClassifierOptions = {}): Promise<Classifier> {
  checkKeys(options, ["model", "onProgress"]);
  const { model, onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new LitmusError("invalid-input", "onProgress must be a function");
  }
  try {
    const [bytes, memory] = await Promise.all([loadModel(model, onProgress), loadWasm(onProgress)]);
    return new Classifier(new WasmClassifier(bytes), memory);
  } catch (error) {
    throw toLitmusError(error);
  }
}

const defaultClassifier = once(() => createClassifier());

/**
 * Classifies a text with the packaged sentiment model, loaded at the first call.
 *
 * @example
 * const { label, score } = await predict("I loved every minute of it");
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
  return predictWith(defaultClassifier, texts, options);
}
