import type { Classifier } from "../api/classifier.js";
import { abortError, whenAborted } from "../shared/abort.js";
import { type LitmusError, toLitmusError, withIndex } from "../shared/errors.js";
import type { Prediction, PredictOptions, TextInput, TextOptions } from "../shared/types.js";
import type { Predictor } from "./options.js";

/** Texts in a batch. A batch that has begun is computed to its end. */
const MAX_BATCH = 16;
/** UTF-16 code units of a text that joins a batch. A longer text would delay the others. */
const MAX_LENGTH = 500;

interface WaitingText {
  text: TextInput;
  signal: AbortSignal | undefined;
  resolve(prediction: Prediction): void;
  reject(error: LitmusError): void;
}

/** Waiting texts with the same options. */
interface Group {
  options: TextOptions;
  texts: WaitingText[];
}

/**
 * Wraps a classifier for many concurrent callers: short texts that arrive while it is busy are predicted in batches, which
 * takes less time than one by one. At most `maxBatches` batches run at once; two for each worker keep all workers busy.
 */
export function microBatching(
  classifier: Pick<Classifier, "predict" | "stream" | "info">,
  maxBatches: number,
): Predictor {
  const groups = new Map<string, Group>();
  let running = 0;

  const startBatches = () => {
    while (running < maxBatches) {
      const [first] = groups;
      if (!first) return;
      const [key, { options, texts }] = first;
      const batch = texts.splice(0, MAX_BATCH);
      groups.delete(key);
      if (texts.length > 0) groups.set(key, { options, texts }); // last in the map: the other groups are next
      running++;
      void predictBatch(batch, options).then(() => {
        running--;
        startBatches();
      });
    }
  };

  /** `stream` gives each text a prediction or an error of its own. */
  const predictBatch = async (batch: WaitingText[], options: TextOptions): Promise<void> => {
    const wanted = batch.filter(({ signal }) => !signal?.aborted);
    const texts = wanted.map(({ text }) => text);
    try {
      for await (const { index, prediction, error } of classifier.stream(texts, options)) {
        const { resolve, reject } = wanted[index] as WaitingText;
        if (prediction) resolve(prediction);
        else reject(withIndex(error, undefined));
      }
    } catch (error) {
      for (const { reject } of wanted) reject(toLitmusError(error)); // those that are settled ignore it
    }
  };

  const predict = ((text: TextInput, options: PredictOptions = {}) => {
    const { signal, timeout, onProgress, ...rest } = options;
    const length = typeof text === "string" ? text.length : text.text.length + (text.pair?.length ?? 0);
    if (length > MAX_LENGTH || rest.explain || rest.zeroShot || timeout || onProgress)
      return classifier.predict(text, options);
    return new Promise<Prediction>((resolve, reject) => {
      const key = JSON.stringify(rest);
      const group: Group = groups.get(key) ?? { options: rest, texts: [] };
      group.texts.push({ text, signal, resolve, reject });
      groups.set(key, group);
      whenAborted(signal, () => reject(abortError(signal as AbortSignal)));
      startBatches();
    });
  }) as Predictor["predict"];

  return {
    predict,
    get info() {
      return classifier.info;
    },
  };
}
