import { invalidInput, isObject } from "../shared/validate.js";
import type { Predictor, ResolvedOptions } from "./options.js";
import { retryAfter, ServiceError } from "./service-error.js";

/** Seconds after a failed load before the next attempt. */
const RETRY_S = 5;

/** Loads the classifier at the first request, and again some seconds after a failure. */
export class ModelLoader {
  readonly #load: ResolvedOptions["loadClassifier"];
  readonly #loadTime: number;
  readonly #onError: ResolvedOptions["onError"];
  #loaded: Predictor | undefined;
  #loading: Promise<void> | undefined;
  #failedAt: number | undefined;

  constructor({ loadClassifier, loadTime, onError }: ResolvedOptions) {
    this.#load = loadClassifier;
    this.#loadTime = loadTime;
    this.#onError = onError;
  }

  /** The classifier, if it is loaded. */
  get loaded(): Predictor | undefined {
    return this.#loaded;
  }

  /** Resolves when the load in progress, if any, has succeeded or failed. */
  get loading(): Promise<void> | undefined {
    return this.#loading;
  }

  /**
   * Resolves to the classifier. Starts the load if necessary, and waits at most `maxWait` milliseconds for it.
   *
   * @throws ServiceError `loading` if the load takes longer, `unavailable` if it failed
   */
  async get(maxWait = this.#loadTime): Promise<Predictor> {
    if (!this.#loaded) {
      this.#start();
      await settledWithin(this.#loading, maxWait);
    }
    if (this.#loaded) return this.#loaded;
    if (this.#loading) throw new ServiceError("loading", undefined, retryAfter(1));
    throw new ServiceError("unavailable", undefined, retryAfter(RETRY_S));
  }

  /** Starts a load, unless one is in progress or one has just failed. */
  #start(): void {
    if (this.#loading) return;
    if (this.#failedAt !== undefined && performance.now() - this.#failedAt < RETRY_S * 1000) return;
    this.#loading = this.#tryToLoad().finally(() => (this.#loading = undefined));
  }

  async #tryToLoad(): Promise<void> {
    try {
      const loaded: Predictor | undefined = await this.#load();
      if (typeof loaded?.predict !== "function" || !isObject(loaded.info)) {
        throw invalidInput("classifier must be, or resolve to, a classifier: does the function return it?");
      }
      this.#loaded = loaded;
    } catch (error) {
      this.#failedAt = performance.now();
      this.#onError(error);
    }
  }
}

/** Resolves when `work` has settled, at the latest after `milliseconds`. */
async function settledWithin(work: Promise<void> | undefined, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work, expired]);
  clearTimeout(timer);
}
