import { toLitmusError, withIndex } from "../shared/errors.js";
import type { PredictionProgress, TextInput } from "../shared/types.js";

/** The most texts in one request to a thread. The thread sorts them by length: with many, little is wasted on padding. */
const MAX_REQUEST_TEXTS = 256;

/** Sends the texts of one batch to a thread. Resolves to one result per text; `listener` is called with the progress. */
type SendBatch<T> = (
  texts: TextInput[],
  listener: ((progress: PredictionProgress) => void) | undefined,
) => Promise<T[]>;

/**
 * Sends the texts in batches, and resolves to the results in the order of the texts. So the threads of a pool of this size share
 * the work, and requests of other calls run in between. `onProgress` is called with the sums of all batches until `signal` is
 * aborted. If a text fails, rejects with its index in `texts`: of several that fail, with that of any of them. An error does not wait for
 * earlier batches, which may take long.
 */
export async function inBatches<T>(
  poolSize: number,
  texts: readonly TextInput[],
  onProgress: ((progress: PredictionProgress) => void) | undefined,
  signal: AbortSignal,
  send: SendBatch<T>,
): Promise<T[]> {
  const size = Math.min(MAX_REQUEST_TEXTS, Math.ceil(texts.length / poolSize)) || 1;
  const count = Math.ceil(texts.length / size) || 1; // an empty array is sent, too, so that a closed classifier rejects it
  const batches = Array.from({ length: count }, (_, i) => texts.slice(i * size, (i + 1) * size));
  const progress: PredictionProgress[] = batches.map(({ length }) => ({ done: 0, total: length }));
  const sum = (key: keyof PredictionProgress) => progress.reduce((sum, batch) => sum + batch[key], 0);
  const compute = async (batch: TextInput[], i: number) => {
    const listener = (latest: PredictionProgress) => {
      progress[i] = latest;
      if (!signal.aborted) onProgress?.({ done: sum("done"), total: sum("total") });
    };
    try {
      return await send(batch, onProgress && listener);
    } catch (error) {
      const failure = toLitmusError(error);
      throw failure.index === undefined ? failure : withIndex(failure, i * size + failure.index);
    }
  };
  return (await Promise.all(batches.map(compute))).flat() as T[];
}
