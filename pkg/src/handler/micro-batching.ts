import type { Classifier } from "../api/classifier.js";
import { abortError, whenAborted } from "../shared/abort.js";
import { type LitmusError, toLitmusError, withIndex } from "../shared/errors.js";
import type { AnyPrediction, TasksStreamItem } from "../shared/task-types.js";
import type { PredictOptions, StreamItem, StreamOptions, TextInput } from "../shared/types.js";
import type { Predictor } from "./options.js";
import type { PredictionOptions } from "./schema.js";

/** The most texts of a batch. A batch that has begun is computed to its end, so texts that arrive later wait for it. */
const MAX_BATCH = 16;
/** The most UTF-16 code units of a text that joins a batch. A longer one would delay the others. */
const MAX_LENGTH = 500;

type AnyItem = StreamItem | TasksStreamItem;

interface WaitingText {
  text: TextInput;
  signal: AbortSignal | undefined;
  resolve(prediction: AnyPrediction): void;
  reject(error: LitmusError): void;
}

/** Waiting texts with the same options. */
interface Group {
  options: PredictionOptions;
  texts: WaitingText[];
}

/**
 * Wraps a classifier for many concurrent callers: it predicts short texts in batches, which takes less time than one by one. Texts
 * wait for a batch only while `maxBatches` batches are running; two for each worker keep all workers busy.
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

  /** Predicts a batch with `stream`, which gives each text a prediction or an error of its own. */
  const predictBatch = async (batch: WaitingText[], options: PredictionOptions): Promise<void> => {
    const wanted = batch.filter(({ signal }) => !signal?.aborted);
    const texts = wanted.map(({ text }) => text);
    try {
      for await (const item of classifier.stream(texts, options as StreamOptions) as AsyncIterable<AnyItem>) {
        const { resolve, reject } = wanted[item.index] as WaitingText;
        if (item.error) reject(withIndex(item.error, undefined));
        else resolve(("prediction" in item ? item.prediction : item.predictions) as AnyPrediction);
      }
    } catch (error) {
      for (const { reject } of wanted) reject(toLitmusError(error)); // those that are settled ignore it
    }
  };

  const predict = ((
    text: TextInput,
    options: PredictionOptions & Omit<PredictOptions, keyof PredictionOptions> = {},
  ) => {
    const { signal, timeout, onProgress, ...rest } = options;
    const length = typeof text === "string" ? text.length : text.text.length + (text.pair?.length ?? 0);
    if (length > MAX_LENGTH || rest.explain || rest.zeroShot || timeout || onProgress)
      return classifier.predict(text, options as PredictOptions);
    return new Promise<AnyPrediction>((resolve, reject) => {
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
