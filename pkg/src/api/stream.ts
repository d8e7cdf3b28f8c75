import { unlessAborted } from "../shared/abort.js";
import { withIndex } from "../shared/errors.js";
import type { Outcome } from "../shared/protocol.js";
import type { StreamItem, StreamOptions, TextInput } from "../shared/types.js";
import { copyInput, isTextInput, wrongText } from "../shared/validate.js";

/** The most texts that go to a thread at once. */
const BATCH_SIZE = 32;
/** How many milliseconds a text waits for others to fill its batch. */
const MAX_WAIT_MS = 10;

/** A value of the source. */
interface Row {
  index: number;
  input: unknown;
}

/** Predicts a batch, and resolves to an item for each row. Rows that are no texts are not sent: their items have the error. */
async function predictRows(rows: Row[], predict: (texts: TextInput[]) => Promise<Outcome[]>): Promise<StreamItem[]> {
  const texts = rows
    .map(({ input }) => input)
    .filter(isTextInput)
    .map(copyInput);
  const outcomes = (texts.length ? await predict(texts) : []).values();
  return rows.map(({ index, input }) => {
    if (!isTextInput(input)) return { index, text: input, error: wrongText(input, index) };
    const item = typeof input === "string" ? { index, text: input } : { index, ...input };
    const outcome = outcomes.next().value as Outcome;
    if ("failure" in outcome) return { ...item, error: withIndex(outcome.failure, index) };
    return { ...item, ...outcome } as StreamItem;
  });
}

/** Handles an event that the loop in `stream` waited for. Returns the items that are now ready, if there are any. */
type Handler = () => StreamItem[] | undefined;

/**
 * Yields an item for each value of `source`, in order. At most `maxBatches` batches are computed at a time, and the source
 * is read no further than to fill the next one.
 *
 * The loop waits for one of three events: the next row, the end of the oldest batch, or the end of the time that a row may wait for
 * others. A promise of each resolves to its handler, which changes the state below.
 *
 * @throws LitmusError `aborted`, `timeout`; what `source` and `predict` throw
 */
export async function* stream(
  source: Iterable<unknown> | AsyncIterable<unknown>,
  maxBatches: number,
  predict: (texts: TextInput[]) => Promise<Outcome[]>,
  { signal, onProgress }: Pick<StreamOptions, "signal" | "onProgress">,
): AsyncGenerator<StreamItem, void, undefined> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const progress = { done: 0, failed: 0, total: Array.isArray(source) ? source.length : null };
  /** The batches that are being computed, oldest first. */
  const running: Promise<Handler>[] = [];
  /** The rows of the next batch. */
  let rows: Row[] = [];
  /** How many rows were read. */
  let count = 0;
  /** The row that is being read. */
  let nextRow: Promise<Handler> | undefined;
  /** Resolves when the first of `rows` has waited long enough. */
  let waitOver: Promise<Handler> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWaitOver = false;
  /** Set when the source has no more rows. To be called after the last item: throws what the source threw. */
  let end: (() => void) | undefined;

  const onRow = (input: unknown): undefined => {
    nextRow = undefined;
    rows.push({ index: count++, input });
    waitOver ??= new Promise((resolve) => {
      timer = setTimeout(resolve, MAX_WAIT_MS, onWaitOver);
    });
  };
  const onWaitOver = (): undefined => {
    isWaitOver = true;
  };
  const onEnd = (finish: () => void): undefined => {
    end = finish;
  };
  const readRow = async (): Promise<Handler> => {
    try {
      const { done, value } = await iterator.next();
      return () => (done ? onEnd(() => {}) : onRow(value));
    } catch (error) {
      const rethrow = () => {
        throw error;
      };
      return () => onEnd(rethrow);
    }
  };
  const onBatch = (items: StreamItem[]): StreamItem[] => {
    running.shift();
    progress.done += items.length;
    progress.failed += items.filter(({ error }) => error).length;
    onProgress?.({ ...progress });
    return items;
  };
  try {
    for (;;) {
      const canStart = running.length < maxBatches;
      if (canStart && rows.length > 0 && (end || isWaitOver || rows.length === BATCH_SIZE)) {
        const batch = predictRows(rows, predict).then((items) => () => onBatch(items));
        batch.catch(() => undefined); // a rejection is handled when it is this batch's turn
        running.push(batch);
        rows = [];
        clearTimeout(timer); // a pending timer would keep the batch in memory
        waitOver = undefined;
        isWaitOver = false;
        continue;
      }
      const events = running.slice(0, 1);
      if (!end && rows.length < BATCH_SIZE) {
        nextRow ??= readRow();
        events.unshift(nextRow);
      }
      if (canStart && waitOver) events.push(waitOver);
      if (events.length === 0) return end?.();
      const handle = await unlessAborted(Promise.race(events), signal);
      yield* handle() ?? [];
    }
  } finally {
    clearTimeout(timer);
    // Only if the source has neither ended nor thrown, as `for await` does. Not awaited: a generator that waits for its own source would
    // delay an abort.
    if (!end) void (async () => iterator.return?.())().catch(() => undefined);
  }
}
