import { unlessAborted } from "../shared/abort.js";
import { withIndex } from "../shared/errors.js";
import { notText } from "../shared/validate.js";
import type { Outcome } from "../shared/protocol.js";
import type { StreamItem, StreamOptions } from "../shared/types.js";

/** Most texts that go to a thread at once. */
const PIECE = 32;
/** Milliseconds that a text waits for others to go with. */
const PATIENCE_MS = 10;

interface Row {
  index: number;
  text: unknown;
}

/** The rows with what became of them, in their order. Those that are no texts are not computed. */
async function predictRows(rows: Row[], predict: (texts: string[]) => Promise<Outcome[]>): Promise<StreamItem[]> {
  const texts = rows.map(({ text }) => text).filter((text) => typeof text === "string");
  const outcomes = (texts.length ? await predict(texts) : []).values();
  return rows.map(({ index, text }) => {
    if (typeof text !== "string") return { index, text, error: notText(text, index) };
    const outcome = outcomes.next().value as Outcome;
    if ("prediction" in outcome) return { index, text, prediction: outcome.prediction };
    return { index, text, error: withIndex(outcome.failure, index) };
  });
}

/** What has happened that the loop below was waiting for: what to do about it, and what that gives. */
type Event = () => StreamItem[] | void;

/**
 * Predictions of what `source` gives, in its order. Reads no further ahead than what keeps the threads busy: so many
 * pieces are being computed at most.
 */
export async function* stream(
  source: Iterable<unknown> | AsyncIterable<unknown>,
  ahead: number,
  predict: (texts: string[]) => Promise<Outcome[]>,
  { signal, onProgress }: Pick<StreamOptions, "signal" | "onProgress">,
): AsyncGenerator<StreamItem, void, undefined> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const progress = { done: 0, failed: 0, total: Array.isArray(source) ? source.length : null };
  const pieces: Promise<Event>[] = []; // being computed
  let rows: Row[] = []; // read, and not yet on their way
  let coming: Promise<Event> | undefined;
  let patience: Promise<Event> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let count = 0;
  let late = false;
  /** Returns, or throws, where there are no more rows. */
  let end: (() => void) | undefined;

  const read = ({ done, value }: IteratorResult<unknown>) => {
    coming = undefined;
    if (done) return void (end = () => {});
    rows.push({ index: count++, text: value });
    patience ??= new Promise((rings) => (timer = setTimeout(() => rings(() => void (late = true)), PATIENCE_MS)));
  };
  const computed = (items: StreamItem[]) => {
    pieces.shift();
    progress.done += items.length;
    progress.failed += items.filter(({ error }) => error).length;
    onProgress?.({ ...progress });
    return items;
  };
  try {
    for (;;) {
      const free = pieces.length < ahead;
      if (free && rows.length > 0 && (end || late || rows.length === PIECE)) {
        const piece = predictRows(rows, predict).then((items) => () => computed(items));
        piece.catch(() => undefined); // it is heard of when its turn comes
        pieces.push(piece);
        rows = [];
        clearTimeout(timer); // until it rings, it would keep all that has waited for it
        patience = undefined;
        late = false;
        continue;
      }
      const events = pieces.slice(0, 1);
      if (!end && rows.length < PIECE) {
        coming ??= (async () => iterator.next())().then(
          (row) => () => read(row),
          (error: unknown) => () => {
            // Thrown after what came before it.
            end = () => {
              throw error;
            };
          },
        );
        events.unshift(coming);
      }
      if (free && patience) events.push(patience);
      if (events.length === 0) return end?.();
      const happened = await unlessAborted(Promise.race(events), signal);
      yield* happened() ?? [];
    }
  } finally {
    // Not awaited: a generator that waits for its own source would keep an abort waiting too.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
