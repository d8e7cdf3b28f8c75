import { follow, unlessAborted } from "../shared/abort.js";
import type { AnyPrediction } from "../shared/task-types.js";
import type { PredictOptions, TextInput } from "../shared/types.js";
import type { Predictor } from "./options.js";
import type { ResultCache } from "./result-cache.js";
import type { PredictionOptions } from "./schema.js";
import { ServiceError, toServiceError } from "./service-error.js";

/** The most texts of one request that are computed at once. Few, so that texts of other requests are computed in between. */
const CONCURRENT_TEXTS = 8;

/**
 * Where a prediction came from: `hit`, the cache; `miss`, the classifier; `shared`, another request that was computing
 * the same at that time.
 */
export const CACHE_STATUSES = ["hit", "miss", "shared"] as const;
export type CacheStatus = (typeof CACHE_STATUSES)[number];

export interface CachedPrediction {
  prediction: AnyPrediction;
  cacheStatus: CacheStatus;
}

/** The result of one text of several. */
export type TextResult = { index: number } & ((CachedPrediction & { error?: undefined }) | { error: ServiceError });

/** A lookup in the cache, and the computation if there is no result, that several requests may wait for. */
interface Flight {
  result: Promise<CachedPrediction>;
  /** How many requests wait for the result. */
  waiting: number;
  /** Stops the computation. */
  stop(): void;
}

/** The text, and the second text of a pair. */
const partsOf = (input: TextInput): string[] =>
  typeof input === "string" ? [input] : [input.text, ...(input.pair === undefined ? [] : [input.pair])];

/** Predicts a text: from the cache, else from the same computation in progress, else by the classifier. */
export class CachedPredictor {
  readonly #cache: ResultCache;
  readonly #flights = new Map<string, Flight>();

  constructor(cache: ResultCache) {
    this.#cache = cache;
  }

  /**
   * Predicts each text. The results come in the order of the texts; up to `CONCURRENT_TEXTS` are computed ahead of the
   * consumer. A text that fails does not affect the others.
   */
  async *predictAll(
    model: Predictor,
    texts: TextInput[],
    options: PredictionOptions,
    signal: AbortSignal,
  ): AsyncGenerator<TextResult> {
    const stop = new AbortController();
    const unfollow = follow({ signal }, stop);
    const pending: Promise<TextResult>[] = [];
    const start = (index: number): Promise<TextResult> =>
      this.#predict(model, texts[index] as TextInput, options, stop.signal).then(
        (result) => ({ index, ...result }),
        // After an abort, the error concerns the whole request: a disconnect or the time limit.
        (error: unknown) => ({
          index,
          error: toServiceError(error).withIndex(stop.signal.aborted ? undefined : index),
        }),
      );
    try {
      for (let next = 0, done = 0; done < texts.length; done++) {
        while (next < texts.length && pending.length < CONCURRENT_TEXTS) pending.push(start(next++));
        yield (await pending.shift()) as TextResult;
      }
    } finally {
      unfollow();
      if (pending.length > 0) stop.abort(); // the caller has left the loop early
    }
  }

  /** Predicts one text. If `signal` is aborted and no other request waits for the same result, the computation stops. */
  async #predict(
    model: Predictor,
    text: TextInput,
    options: PredictionOptions,
    signal: AbortSignal,
  ): Promise<CachedPrediction> {
    if (partsOf(text).some((part) => /\p{Surrogate}/u.test(part))) throw new ServiceError("malformed-text");
    const key = await this.#cache.key(model, options, text);
    const existing = this.#flights.get(key);
    const flight = existing ?? this.#start(key, model, text, options);
    flight.waiting++;
    try {
      const result = await unlessAborted(flight.result, signal);
      return existing && result.cacheStatus === "miss" ? { ...result, cacheStatus: "shared" } : result;
    } finally {
      if (--flight.waiting === 0) flight.stop();
    }
  }

  /** Starts a lookup and computation that other requests can join. */
  #start(key: string, model: Predictor, text: TextInput, options: PredictionOptions): Flight {
    const stop = new AbortController();
    let ended = false;
    const end = () => {
      ended = true;
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    const flight: Flight = {
      result: this.#compute(key, model, text, options, stop.signal).finally(end),
      waiting: 0,
      stop: () => {
        if (ended) return; // workerd also forbids that one request aborts a signal of another, as it could here
        end(); // first, so that no new request joins a computation that is being stopped
        stop.abort();
      },
    };
    this.#flights.set(key, flight);
    return flight;
  }

  async #compute(
    key: string,
    model: Predictor,
    text: TextInput,
    options: PredictionOptions,
    signal: AbortSignal,
  ): Promise<CachedPrediction> {
    const cached = await this.#cache.get(key);
    if (cached) return { prediction: cached, cacheStatus: "hit" };
    // The options are checked, but TypeScript does not know whether they have a task.
    const prediction: AnyPrediction = await model.predict(text, { ...options, signal } as PredictOptions);
    await this.#cache.set(key, prediction);
    return { prediction, cacheStatus: "miss" };
  }
}
