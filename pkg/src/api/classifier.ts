/// <reference lib="esnext.disposable" preserve="true" />
import type { Pool } from "../pool/worker-pool.js";
import { follow, withSignal } from "../shared/abort.js";
import { closedError, toLitmusError, withIndex } from "../shared/errors.js";
import type { ModelInfo, PredictParams } from "../shared/protocol.js";
import type {
  CallOptions,
  ClassifierInfo,
  ExplainOptions,
  Prediction,
  PredictionProgress,
  PredictOptions,
  SentimentLabel,
  StreamItem,
  StreamOptions,
  TaughtHead,
  TeachExamples,
  TeachOptions,
  TextInput,
  TextOptions,
  Tokenization,
  WithoutThreshold,
  ZeroShotCallOptions,
} from "../shared/types.js";
import {
  CALL,
  checkOptions,
  checkPredictOptions,
  checkSource,
  checkText,
  checkTexts,
  TEACH,
  wrongValue,
} from "../shared/validate.js";
import { stream } from "./stream.js";

/** The most texts in one request to a thread, which sorts them by length and so wastes little on padding. */
const MAX_REQUEST_TEXTS = 256;

/**
 * A loaded model. Calls start in the order in which they were made. Every method rejects with a
 * {@link LitmusError}: `closed` after `close()`, `aborted` when its `signal` is aborted, `internal`
 * when the worker has crashed; the next call then starts another worker.
 * `using` and `await using` close the classifier, in runtimes that have them.
 *
 * `Label` is the type of the model's labels, `Chosen` that of a prediction's `label` without a `threshold`, and `Kept` that of
 * the labels that stay when it is taught more.
 */
export class Classifier<
  Label extends string = string,
  Chosen extends Label | null = Label | null,
  Kept extends string = never,
> implements Disposable, AsyncDisposable
{
  declare readonly [Symbol.dispose]: () => void;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #pool: Pool;
  readonly #info: ModelInfo;

  /** @internal */
  constructor(pool: Pool, info: ModelInfo) {
    this.#pool = pool;
    this.#info = info;
  }

  /** The model's labels, in the model's order. */
  get labels(): readonly Label[] {
    return this.#info.labels as readonly Label[];
  }

  /** Facts about the model, where it runs, and the memory in use now. */
  get info(): ClassifierInfo<Label> {
    const { runsIn, memoryBytes } = this.#pool;
    return { ...this.#info, labels: this.labels, runsIn, memoryBytes };
  }

  /**
   * Classifies one text. Without a `threshold`, the packaged model always gives a label.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `closed`, `internal`
   */
  predict(text: TextInput, options?: WithoutThreshold<PredictOptions>): Promise<Prediction<Label, Chosen>>;
  /**
   * Classifies one text.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `closed`, `internal`
   */
  predict(text: TextInput, options?: PredictOptions): Promise<Prediction<Label>>;
  /**
   * Classifies several texts; the predictions come in the order of the texts. One text that cannot be
   * classified rejects the whole call, with its `index` in the error. Several workers share the work.
   * Without a `threshold`, the packaged model always gives a label.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `closed`, `internal`
   */
  predict(
    texts: readonly TextInput[],
    options?: WithoutThreshold<PredictOptions>,
  ): Promise<Prediction<Label, Chosen>[]>;
  /**
   * Classifies several texts; the predictions come in the order of the texts. One text that cannot be
   * classified rejects the whole call, with its `index` in the error. Several workers share the work.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `aborted`, `timeout`, `closed`, `internal`
   */
  predict(texts: readonly TextInput[], options?: PredictOptions): Promise<Prediction<Label>[]>;
  async predict(
    texts: TextInput | readonly TextInput[],
    options: PredictOptions = {},
  ): Promise<Prediction | Prediction[]> {
    checkTexts(texts);
    checkPredictOptions(options);
    if (isArray(texts)) return this.#predict(texts, options);
    try {
      return (await this.#predict([texts], options))[0] as Prediction;
    } catch (error) {
      // The caller gave no array that an index could refer to.
      throw withIndex(toLitmusError(error), undefined);
    }
  }

  /**
   * Scores labels of your choice, with a model for natural language inference (NLI): for each label, how strongly the
   * text entails the hypothesis with the label in it, as Hugging Face's zero-shot pipeline does. The text is read once
   * for each label. The option `zeroShot` of `predict` and `stream` does the same.
   *
   * @example
   * const { label } = await classifier.zeroShot("The match was cancelled", ["politics", "sports"], {
   *   hypothesis: "This text is about {}.",
   * });
   *
   * @throws LitmusError as `predict`; `model-unsupported` if none of the model's labels starts with "entail"
   */
  zeroShot<const Choice extends string>(
    text: string,
    labels: readonly Choice[],
    options?: ZeroShotCallOptions,
  ): Promise<Prediction<Choice>>;
  /** Scores labels of your choice for several texts. */
  zeroShot<const Choice extends string>(
    texts: readonly string[],
    labels: readonly Choice[],
    options?: ZeroShotCallOptions,
  ): Promise<Prediction<Choice>[]>;
  async zeroShot(
    texts: string | readonly string[],
    labels: readonly string[],
    { hypothesis, multiLabel, ...options }: ZeroShotCallOptions = {},
  ): Promise<Prediction | Prediction[]> {
    return this.predict(texts as string, { ...options, zeroShot: { labels, hypothesis, multiLabel } });
  }

  /**
   * Classifies the texts of an iterable one after another, without holding all of them in memory: it
   * reads a little ahead of the items that are taken, and computes while the next texts are read. A text
   * that cannot be classified yields its error, and the stream goes on. Leaving the loop stops the work.
   * What the iterable itself throws is thrown to the caller.
   *
   * @example
   * for await (const { text, prediction, error } of classifier.stream(lines)) {
   *   console.log(text, error ? error.code : prediction.label);
   * }
   *
   * @throws LitmusError `invalid-input` (the source is not an iterable), `aborted`, `timeout`, `closed`, `internal`
   */
  stream(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options?: WithoutThreshold<StreamOptions>,
  ): AsyncGenerator<StreamItem<Label, Chosen>, void, undefined>;
  /**
   * Classifies the texts of an iterable one after another.
   *
   * @throws LitmusError `invalid-input` (the source is not an iterable), `aborted`, `timeout`, `closed`, `internal`
   */
  stream(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options?: StreamOptions,
  ): AsyncGenerator<StreamItem<Label>, void, undefined>;
  async *stream(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options: StreamOptions = {},
  ): AsyncGenerator<StreamItem<Label, Chosen>, void, undefined> {
    checkSource(texts);
    checkPredictOptions(options);
    const params = paramsOf(options);
    const controller = new AbortController();
    const unfollow = follow(options, controller);
    const { signal } = controller;
    const predict = (batch: TextInput[]) =>
      this.#pool.send({ type: "predict", texts: batch, params, failFast: false }, signal);
    try {
      // Two batches for each thread: it computes one while the next one waits.
      const items = stream(texts, 2 * this.#pool.size, predict, { ...options, signal });
      yield* items as AsyncGenerator<StreamItem<Label, Chosen>, void, undefined>;
    } finally {
      unfollow();
      controller.abort();
    }
  }

  /**
   * Teaches labels of your own, from a few examples each. The texts never leave the device. The same examples give the same
   * head in every browser.
   *
   * @example
   * const triage = await classifier.teach({
   *   refund: ["I want my money back", "Please refund my order"],
   *   shipping: ["Where is my parcel?", "My order has not arrived"],
   * });
   * const { label } = await triage.predict("Is my parcel lost?");
   *
   * A taught classifier is taught more: its labels and examples stay.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `model-unsupported` (the model has no output `features`),
   * `head-not-extendable` (the head was exported without its examples), `aborted`, `timeout`, `closed`, `internal`
   */
  async teach<Taught extends string>(
    examples: TeachExamples<Taught>,
    options: TeachOptions = {},
  ): Promise<TaughtClassifier<Kept | Taught>> {
    checkOptions(options, TEACH);
    return withSignal(options, async (signal) => {
      const { teach } = await import("./teach.js");
      return (await teach(this.#pool, examples, options, signal, script)) as unknown as TaughtClassifier<Kept | Taught>;
    });
  }

  /**
   * Splits a text into its tokens, all of them however long the text is.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `aborted`, `timeout`, `closed`, `internal`
   */
  async tokenize(text: string, options: CallOptions = {}): Promise<Tokenization> {
    checkText(text);
    checkOptions(options, CALL);
    return withSignal(options, (signal) => this.#pool.send({ type: "tokenize", text }, signal));
  }

  /** Splits the texts into requests: the threads share them, and requests of other calls can run between them. */
  async #predict(texts: readonly TextInput[], options: PredictOptions): Promise<Prediction[]> {
    const { onProgress } = options;
    const size = Math.min(MAX_REQUEST_TEXTS, Math.ceil(texts.length / this.#pool.size)) || 1;
    const count = Math.ceil(texts.length / size) || 1; // an empty array is sent, too, so that a closed classifier rejects it
    const batches = Array.from({ length: count }, (_, i) => texts.slice(i * size, (i + 1) * size));
    const progress: PredictionProgress[] = batches.map(({ length }) => ({ done: 0, total: length }));
    const sum = (key: keyof PredictionProgress) => progress.reduce((sum, batch) => sum + batch[key], 0);
    const params = paramsOf(options);
    return withSignal(options, async (signal) => {
      const predict = async (batch: TextInput[], i: number) => {
        const listener = (latest: PredictionProgress) => {
          progress[i] = latest;
          if (!signal.aborted) onProgress?.({ done: sum("done"), total: sum("total") });
        };
        const request = { type: "predict", texts: batch, params, failFast: true } as const;
        try {
          const outcomes = await this.#pool.send(request, signal, onProgress && listener);
          return outcomes.map((outcome, index) => {
            if ("failure" in outcome) throw withIndex(outcome.failure, index);
            return outcome.prediction;
          });
        } catch (error) {
          const failure = toLitmusError(error);
          throw failure.index === undefined ? failure : withIndex(failure, i * size + failure.index);
        }
      };
      return (await Promise.all(batches.map(predict))).flat();
    });
  }

  /**
   * Frees the memory and shuts the workers down. Calls that are not answered yet reject with `closed`.
   * Closing twice has no effect.
   */
  close(): void {
    this.#pool.close();
  }
}

/**
 * A classifier of labels that were taught. `close()` frees its head alone, unless `createClassifier` loaded the head. `teach`
 * teaches the head more.
 */
export type TaughtClassifier<Label extends string = string> = Classifier<Label, Label | null, Label> &
  TaughtHead<Label>;

/** What teach.ts needs of the page's own script. */
const script = {
  newClassifier: (pool: Pool, info: ModelInfo) => new Classifier<string, string | null, string>(pool, info),
  wrongValue,
  closedError,
};

/** Loads the file of a head. Closing the classifier closes `pool`. */
export async function loadHead(
  pool: Pool,
  head: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<TaughtClassifier> {
  const { loadHead } = await import("./teach.js");
  return loadHead(pool, head, signal, script);
}

/** The packaged sentiment model. */
export type SentimentClassifier = Classifier<SentimentLabel, SentimentLabel>;

/** The options that are sent to a thread. Copied one by one, so that no getter of the caller runs later. */
function paramsOf(options: TextOptions): PredictParams {
  const { explain, zeroShot, topK, threshold, activation, longText, specialTokens } = options;
  const explainParams = explain ? explainParamsOf(explain) : undefined;
  return { topK, threshold, activation, longText, specialTokens, zeroShot, explain: explainParams };
}

/** `Array.isArray` for readonly arrays. */
const isArray = (texts: TextInput | readonly TextInput[]): texts is readonly TextInput[] => Array.isArray(texts);

function explainParamsOf(explain: true | ExplainOptions): ExplainOptions {
  if (explain === true) return {};
  const { label, method, samples, seed } = explain;
  return { label, method, samples, seed };
}

// Safari has no Symbol.dispose: as a class member, the method would be named "undefined" there.
for (const symbol of [Symbol.dispose, Symbol.asyncDispose]) {
  if (!symbol) continue;
  Object.defineProperty(Classifier.prototype, symbol, {
    async value(this: Classifier) {
      this.close();
    },
  });
}
