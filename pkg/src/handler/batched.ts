import { aborted } from "../shared/abort.js";
import type { Classifier } from "../api/classifier.js";
import { toLitmusError, withIndex, type LitmusError } from "../shared/errors.js";
import type { Prediction, PredictOptions, TextOptions } from "../shared/types.js";
import type { Predictor } from "./options.js";

/** Most texts that go together, and the longest of them in UTF-16 code units: what has begun is computed to its end. */
const TEXTS = 16;
const LENGTH = 500;

interface Waiting {
  text: string;
  signal: AbortSignal | undefined;
  resolve(prediction: Prediction): void;
  reject(error: LitmusError): void;
}

/** Short texts of the same options. */
interface Batch {
  options: TextOptions;
  texts: Waiting[];
}

/**
 * A classifier for many callers at once: short texts that come while it is busy go to it together, which takes less of its
 * time than one by one. `most` is how many batches it may have; twice as many as it has workers keeps them all at work.
 */
export function batched(classifier: Classifier, most: number): Predictor {
  const waiting = new Map<string, Batch>();
  let busy = 0;

  const compute = async (texts: Waiting[], options: TextOptions): Promise<void> => {
    const wanted = texts.filter(({ signal }) => !signal?.aborted);
    for (const { signal, reject } of texts) if (signal?.aborted) reject(aborted(signal));
    if (wanted.length === 0) return;
    try {
      const predictions = await classifier.predict(wanted.map(({ text }) => text), options);
      for (const [i, prediction] of predictions.entries()) wanted[i]?.resolve(prediction);
    } catch (error) {
      const fault = toLitmusError(error);
      const { index } = fault;
      if (index === undefined) {
        for (const { reject } of wanted) reject(fault);
        return;
      }
      wanted[index]?.reject(withIndex(fault, undefined));
      await compute(wanted.filter((_, i) => i !== index), options);
    }
  };

  const next = () => {
    while (busy < most) {
      const [first] = waiting;
      if (!first) return;
      const [key, { options, texts }] = first;
      const batch = texts.splice(0, TEXTS);
      waiting.delete(key);
      if (texts.length > 0) waiting.set(key, { options, texts }); // behind those of other options
      busy++;
      void compute(batch, options).then(() => {
        busy--;
        next();
      });
    }
  };

  const predict = ((text: string, options: PredictOptions = {}) => {
    const { signal, timeout, onProgress, ...rest } = options;
    if (text.length > LENGTH || rest.explain || timeout || onProgress) return classifier.predict(text, options);
    return new Promise<Prediction>((resolve, reject) => {
      const key = JSON.stringify(rest);
      const batch: Batch = waiting.get(key) ?? { options: rest, texts: [] };
      batch.texts.push({ text, signal, resolve, reject });
      waiting.set(key, batch);
      next();
    });
  }) as Predictor["predict"];

  return {
    predict,
    get info() {
      return classifier.info;
    },
  };
}
