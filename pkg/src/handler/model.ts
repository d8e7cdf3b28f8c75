import type { Predictor, Settings } from "./options.js";
import { Fault } from "./faults.js";

/** Seconds after a failed load until another is tried. */
const RETRY_S = 5;

export const SOON = { headers: { "retry-after": "1" } };
const LATER = { headers: { "retry-after": String(RETRY_S) } };

/** Loads the classifier with the first request, and says 503 while there is none. */
export class Model {
  readonly #open: Settings["open"];
  readonly #loadTime: number;
  readonly #onError: Settings["onError"];
  #ready: Predictor | undefined;
  #loading: Promise<void> | undefined;
  #failedAt: number | undefined;

  constructor({ open, loadTime, onError }: Settings) {
    this.#open = open;
    this.#loadTime = loadTime;
    this.#onError = onError;
  }

  /** The classifier, if it is there. */
  get ready(): Predictor | undefined {
    return this.#ready;
  }

  /** The classifier; waits for it no longer than `loadTime`. */
  async get(): Promise<Predictor> {
    if (!this.#ready) await this.#wait(this.#load());
    if (this.#ready) return this.#ready;
    throw this.#loading ? new Fault("loading", undefined, SOON) : new Fault("unavailable", undefined, LATER);
  }

  async #load(): Promise<void> {
    if (this.#failedAt !== undefined && performance.now() - this.#failedAt < RETRY_S * 1000) return;
    this.#failedAt = undefined;
    this.#loading ??= (async () => {
      try {
        this.#ready = await this.#open();
      } catch (error) {
        this.#failedAt = performance.now();
        this.#onError(error);
      }
      this.#loading = undefined;
    })();
    return this.#loading;
  }

  async #wait(load: Promise<void>): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.#loadTime)));
    await Promise.race([load, enough]);
    clearTimeout(timer);
  }
}
