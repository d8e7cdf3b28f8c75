import { follow, unlessAborted } from "../shared/abort.js";
import type { Prediction } from "../shared/types.js";
import { Fault, toFault } from "./faults.js";
import type { Predictor } from "./options.js";
import type { ScoreOptions } from "./schema.js";
import type { Results } from "./store.js";

/** Most texts of a batch that are asked for at once: the others' requests get their turn between them. */
const AHEAD = 8;

/** Where a result came from: the cache, the classifier, or another request that asked for the same meanwhile. */
export type Origin = "hit" | "miss" | "shared";

export interface Score {
  prediction: Prediction;
  origin: Origin;
}

/** What became of one text of a batch. */
export type Outcome = { index: number } & ({ score: Score; fault?: undefined } | { score?: undefined; fault: Fault });

/** A result that is being looked up and computed. */
interface Flight {
  score: Promise<Score>;
  users: number;
  stop(): void;
}

/** From a text to its result: the cache, then whoever is computing it already, then the classifier. */
export class Scorer {
  readonly #results: Results;
  readonly #onError: (error: unknown) => void;
  readonly #flights = new Map<string, Flight>();

  constructor(results: Results, onError: (error: unknown) => void) {
    this.#results = results;
    this.#onError = onError;
  }

  /** Rejects with a `Fault`. When `signal` is aborted and nobody else wants the result, its computation stops. */
  async score(model: Predictor, text: string, options: ScoreOptions, signal: AbortSignal): Promise<Score> {
    if (/\p{Surrogate}/u.test(text)) throw new Fault("malformed-text");
    try {
      const key = await this.#results.key(model, options, text);
      const others = this.#flights.get(key);
      const flight = others ?? this.#begin(model, key, text, options);
      const { prediction, origin } = await this.#join(flight, signal);
      return { prediction, origin: others && origin === "miss" ? "shared" : origin };
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === "internal") this.#onError(error);
      throw fault;
    }
  }

  /** The outcome of each text, in their order, computed little further than they are taken. */
  async *scores(model: Predictor, texts: string[], options: ScoreOptions, signal: AbortSignal): AsyncGenerator<Outcome> {
    const stop = new AbortController();
    const unfollow = follow({ signal }, stop);
    const coming: Promise<Outcome>[] = [];
    const ask = (index: number) =>
      this.score(model, texts[index] as string, options, stop.signal).then(
        (score) => ({ index, score }),
        (fault: Fault) => ({ index, fault: fault.at(index) }),
      );
    try {
      for (let next = 0, done = 0; done < texts.length; done++) {
        while (next < texts.length && coming.length < AHEAD) coming.push(ask(next++));
        yield (await coming.shift()) as Outcome;
      }
    } finally {
      unfollow();
      if (coming.length > 0) stop.abort(); // nobody takes them any more
    }
  }

  #begin(model: Predictor, key: string, text: string, options: ScoreOptions): Flight {
    const stop = new AbortController();
    let landed = false;
    const land = () => {
      landed = true;
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    const score = this.#compute(model, key, text, options, stop.signal).finally(land);
    const flight: Flight = {
      score,
      users: 0,
      stop: () => {
        if (landed) return; // and workerd lets no request touch another's signal
        land(); // before somebody joins what is being stopped
        stop.abort();
      },
    };
    this.#flights.set(key, flight);
    return flight;
  }

  async #compute(model: Predictor, key: string, text: string, options: ScoreOptions, signal: AbortSignal): Promise<Score> {
    const known = await this.#results.get(key);
    if (known) return { prediction: known, origin: "hit" };
    const prediction = await model.predict(text, { ...options, signal });
    await this.#results.set(key, prediction);
    return { prediction, origin: "miss" };
  }

  async #join(flight: Flight, signal: AbortSignal): Promise<Score> {
    flight.users++;
    try {
      return await unlessAborted(flight.score, signal);
    } finally {
      if (--flight.users === 0) flight.stop();
    }
  }
}
