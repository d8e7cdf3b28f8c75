/// <reference lib="esnext.disposable" preserve="true" />
import { follow, unlessAborted, within } from "../shared/abort.js";
import type { WorkerPool } from "../pool/worker-pool.js";
import { toLitmusError, withIndex } from "../shared/errors.js";
import { CALL, check, checkPredictOptions, checkRows, checkText, checkTexts } from "../shared/validate.js";
import type { ModelInfo, PredictParams } from "../shared/protocol.js";
import { stream } from "./stream.js";
import type {
  CallOptions,
  ClassifierInfo,
  Prediction,
  PredictOptions,
  PredictProgress,
  StreamItem,
  StreamOptions,
  TextOptions,
  Tokenization,
} from "../shared/types.js";

/** Most texts that a call without a signal sends to a thread at once: their lengths are sorted there. */
const BATCH = 256;

/**
 * A model, loaded and ready. Calls are answered in the order in which they came. Every method
 * rejects with a {@link LitmusError}: `closed` after `close()`, `aborted` when its `signal` is,
 * `internal` when the worker has crashed, and then the next call works again.
 * `using` and `await using` close it where the runtime knows them.
 */
export class Classifier implements Disposable, AsyncDisposable {
  declare readonly [Symbol.dispose]: () => void;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #pool: WorkerPool;
  readonly #info: ModelInfo;

  /** @internal */
  constructor(pool: WorkerPool, info: ModelInfo) {
    this.#pool = pool;
    this.#info = info;
  }

  /** The model's labels, in its own order. */
  get labels(): readonly string[] {
    return this.#info.labels;
  }

  /** Facts about the model, and the memory in use now. */
  get info(): ClassifierInfo {
    return { ...this.#info, memoryBytes: this.#pool.memoryBytes };
  }

  /**
   * Classifies one text.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `closed`, `internal`
   */
  predict(text: string, options?: PredictOptions): Promise<Prediction>;
  /**
   * Classifies each text; the results come in the order of the texts. One bad text rejects the
   * whole call, with its `index` in the error. Several workers share the work.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `closed`, `internal`
   */
  predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
  async predict(texts: string | readonly string[], options: PredictOptions = {}): Promise<Prediction | Prediction[]> {
    checkTexts(texts);
    checkPredictOptions(options);
    if (typeof texts === "string") {
      try {
        return (await this.#predict([texts], options))[0] as Prediction;
      } catch (error) {
        // The caller gave no array, so an index would point at nothing.
        throw withIndex(toLitmusError(error), undefined);
      }
    }
    return this.#predict(texts, options);
  }

  /**
   * Classifies what an iterable gives, one after another, without ever holding all of it: reads a
   * little ahead of the results that are taken, and computes while the next ones are read. A row
   * that cannot be classified yields its error, and the rest goes on. Leaving the loop stops the
   * work. What the iterable itself throws is thrown on.
   *
   * @example
   * for await (const { text, prediction, error } of classifier.stream(lines)) {
   *   console.log(text, error ? error.code : prediction.label);
   * }
   *
   * @throws LitmusError `invalid-input` (what is given is no iterable), `aborted`, `timeout`, `closed`, `internal`
   */
  async *stream(
    texts: Iterable<string> | AsyncIterable<string>,
    options: StreamOptions = {},
  ): AsyncGenerator<StreamItem, void, undefined> {
    checkRows(texts);
    checkPredictOptions(options);
    const params = toParams(options);
    const stop = new AbortController();
    const unfollow = follow(options, stop);
    const { signal } = stop;
    const predict = (piece: string[]) =>
      this.#pool.ask({ type: "predictEach", texts: piece, params, stoppable: isStoppable(options) }, signal);
    try {
      // Each thread computes a piece while its next one waits.
      yield* stream(texts, 2 * this.#pool.size, predict, { ...options, signal });
    } finally {
      unfollow();
      stop.abort();
    }
  }

  /**
   * Cuts a text into its tokens, all of them however long it is.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `aborted`, `timeout`, `closed`, `internal`
   */
  async tokenize(text: string, options: CallOptions = {}): Promise<Tokenization> {
    checkText(text);
    check(options, CALL);
    return within(options, (signal) => this.#pool.ask({ type: "tokenize", text }, signal));
  }

  /** In pieces, which several threads share and between which the calls of others get their turn. */
  async #predict(texts: readonly string[], options: PredictOptions): Promise<Prediction[]> {
    const { onProgress } = options;
    const size = Math.min(BATCH, Math.ceil(texts.length / this.#pool.size)) || 1;
    const count = Math.ceil(texts.length / size) || 1; // no texts make one piece too, so that a closed classifier says so
    const pieces = Array.from({ length: count }, (_, i) => texts.slice(i * size, (i + 1) * size));
    const progress: PredictProgress[] = pieces.map(({ length }) => ({ done: 0, total: length }));
    const params = toParams(options);
    const stoppable = !!onProgress || isStoppable(options);
    return within(options, async (signal) => {
      const predict = async (texts: string[], i: number) => {
        const listener = (heard: PredictProgress) => {
          progress[i] = heard;
          const sum = (of: keyof PredictProgress) => progress.reduce((sum, piece) => sum + piece[of], 0);
          if (!signal.aborted) onProgress?.({ done: sum("done"), total: sum("total") });
        };
        try {
          return await this.#pool.ask({ type: "predict", texts, params, stoppable }, signal, onProgress && listener);
        } catch (error) {
          const fault = toLitmusError(error);
          throw fault.index === undefined ? fault : withIndex(fault, i * size + fault.index);
        }
      };
      return (await Promise.all(pieces.map(predict))).flat();
    });
  }

  /**
   * Gives the memory back and shuts the workers down. What is still to be answered rejects with
   * `closed`. Closing twice does no harm.
   */
  close(): void {
    this.#pool.close();
  }
}

/** Whether a call may end before it is done: then it goes step by step. */
const isStoppable = ({ signal, timeout }: CallOptions): boolean => !!(signal ?? timeout);

/** Options as the WebAssembly side takes them, and nothing that cannot be sent to a worker. */
function toParams({ topK, threshold, longText, explain }: TextOptions): PredictParams {
  return { topK, threshold, longText, explain: explain === true ? {} : explain || undefined };
}

// Safari has no Symbol.dispose yet; a plain class member would then be a method named "undefined".
for (const symbol of [Symbol.dispose, Symbol.asyncDispose]) {
  if (!symbol) continue;
  Object.defineProperty(Classifier.prototype, symbol, {
    async value(this: Classifier) {
      this.close();
    },
  });
}

/** Shared by the `predict` functions of the entry points: checks first, so that a bad call loads nothing. */
export async function predictWith(
  classifier: () => Promise<Classifier>,
  texts: string | readonly string[],
  options: PredictOptions | undefined,
): Promise<Prediction | Prediction[]> {
  checkTexts(texts);
  checkPredictOptions(options);
  return within(options, async (signal) => {
    const loaded = await unlessAborted(classifier(), signal);
    return unlessAborted(loaded.predict(texts as string, options), signal);
  });
}
