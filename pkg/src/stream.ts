import { unlessAborted } from "./abort.js";
import { notText } from "./input.js";
import type { Outcome } from "./protocol.js";
import { fromFailure } from "./thread.js";
import type { StreamItem, StreamOptions } from "./types.js";

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
    return { index, text, error: fromFailure({ ...outcome.failure, index }) };
  });
}

/** What the loop below waits for. */
interface Event {
  row?: IteratorResult<unknown>;
  items?: StreamItem[];
  late?: boolean;
  failure?: { error: unknown };
}

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
  let failure: Event["failure"];
  let ended = false;
  try {
    for (;;) {
      const free = pieces.length < ahead;
      if (free && rows.length > 0 && (ended || late || rows.length === PIECE)) {
        const piece = predictRows(rows, predict).then((items) => ({ items }));
        piece.catch(() => undefined); // it is heard of when its turn comes
        pieces.push(piece);
        rows = [];
        clearTimeout(timer); // until it rings, it would keep all that has waited for it
        patience = undefined;
        late = false;
        continue;
      }
      const events = pieces.slice(0, 1);
      if (!ended && rows.length < PIECE) {
        coming ??= (async () => iterator.next())().then(
          (row) => ({ row }),
          (error: unknown) => ({ failure: { error } }),
        );
        events.unshift(coming);
      }
      if (free && patience) events.push(patience);
      if (events.length === 0) {
        if (failure) throw failure.error;
        return;
      }
      const event = await unlessAborted(Promise.race(events), signal);
      if (event.late) late = true;
      if (event.failure) {
        ended = true;
        failure = event.failure; // thrown after what came before it
      }
      if (event.row) {
        coming = undefined;
        ended = event.row.done === true;
        if (!ended) {
          rows.push({ index: count++, text: event.row.value });
          patience ??= new Promise((resolve) => (timer = setTimeout(() => resolve({ late: true }), PATIENCE_MS)));
        }
      }
      if (event.items) {
        pieces.shift();
        progress.done += event.items.length;
        progress.failed += event.items.filter(({ error }) => error).length;
        onProgress?.({ ...progress });
        yield* event.items;
      }
    }
  } finally {
    // Not awaited: a generator that waits for its own source would keep an abort waiting too.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
