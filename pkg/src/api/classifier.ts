/// <reference lib="esnext.disposable" preserve="true" />
import type { Pool } from "../pool/worker-pool.js";
import { follow, withSignal } from "../shared/abort.js";
import { toLitmusError, withIndex } from "../shared/errors.js";
import type { ClassifierInfo } from "../shared/model-types.js";
import type { ModelInfo, PredictParams } from "../shared/protocol.js";
import type {
  AnyPrediction,
  AnyTasks,
  ChosenOf,
  PackagedTasks,
  SentimentLabel,
  TaskOption,
  TaskPredictions,
  TasksOption,
  TasksStreamItem,
} from "../shared/task-types.js";
import type { TaughtHead, TeachExamples, TeachOptions } from "../shared/teach-types.js";
import type {
  CallOptions,
  EmbedOptions,
  Prediction,
  PredictOptions,
  StreamItem,
  StreamOptions,
  TextInput,
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
  copyTexts,
  EMBED,
  TEACH,
  ZERO_SHOT,
} from "../shared/validate.js";
import { inBatches } from "./batches.js";
import { embed } from "./embed.js";
import { type AnyPredictOptions, type AnyStreamOptions, predictParams } from "./predict-params.js";
import { stream } from "./stream.js";
import { taskPool } from "./tasks.js";
import { type TaughtModel, teach } from "./teach.js";

/**
 * A loaded model. Calls start in the order in which they were made. Every method rejects with a
 * {@link LitmusError}: `closed` after `close()`, `aborted` when its `signal` is aborted, `timeout` after its `timeout`, `internal`
 * when the worker has crashed; the next call then starts another worker. A call that has to load the model again, after a crash or a
 * minute without calls, can reject with the codes of `createClassifier`.
 * `using` and `await using` close the classifier, in runtimes that have them.
 *
 * `Label` is the type of the model's labels, `Chosen` that of a prediction's `label` without a `threshold`, `Kept` that of
 * the labels that stay when it is taught more, and `Tasks` has the labels of the model's tasks.
 */
export class Classifier<
  Label extends string = string,
  Chosen extends Label | null = Label | null,
  Kept extends string = never,
  Tasks extends AnyTasks = AnyTasks,
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
    const { heads: _, ...info } = this.#info;
    return { ...info, labels: this.labels, runsIn, memoryBytes };
  }

  /**
   * Classifies one text into the labels of one of the model's tasks. The task's head is downloaded when it is first needed.
   *
   * @example
   * const { labels } = await classifier.predict("You are an idiot", { task: "toxicity" });
   *
   * @throws LitmusError as without a task; `model-unsupported` (the model has no output `features`), `head-malformed`,
   * `head-mismatch`, and the codes of downloads
   */
  predict<Task extends keyof Tasks & string>(
    text: TextInput,
    options: WithoutThreshold<PredictOptions> & TaskOption<Task>,
  ): Promise<Prediction<Tasks[Task], ChosenOf<Tasks, Task>>>;
  /** Classifies one text into the labels of one of the model's tasks. */
  predict<Task extends keyof Tasks & string>(
    text: TextInput,
    options: PredictOptions & TaskOption<Task>,
  ): Promise<Prediction<Tasks[Task]>>;
  /** Classifies several texts into the labels of one of the model's tasks. */
  predict<Task extends keyof Tasks & string>(
    texts: readonly TextInput[],
    options: WithoutThreshold<PredictOptions> & TaskOption<Task>,
  ): Promise<Prediction<Tasks[Task], ChosenOf<Tasks, Task>>[]>;
  /** Classifies several texts into the labels of one of the model's tasks. */
  predict<Task extends keyof Tasks & string>(
    texts: readonly TextInput[],
    options: PredictOptions & TaskOption<Task>,
  ): Promise<Prediction<Tasks[Task]>[]>;
  /**
   * Classifies one text for several of the model's tasks; the model reads it once.
   *
   * @example
   * const { sentiment, toxicity } = await classifier.predict("I loved it", { tasks: ["sentiment", "toxicity"] });
   *
   * @throws LitmusError as for one task
   */
  predict<Task extends keyof Tasks & string>(
    text: TextInput,
    options: Omit<PredictOptions, "threshold" | "explain"> & TasksOption<Task>,
  ): Promise<TaskPredictions<Tasks, Task>>;
  /** Classifies several texts for several of the model's tasks. */
  predict<Task extends keyof Tasks & string>(
    texts: readonly TextInput[],
    options: Omit<PredictOptions, "threshold" | "explain"> & TasksOption<Task>,
  ): Promise<TaskPredictions<Tasks, Task>[]>;
  /**
   * Classifies one text. Without a `threshold`, the packaged model always gives a label.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `model-unsupported` (a pair or `zeroShot`, which the model cannot
   * read), `aborted`, `timeout`, `closed`, `out-of-memory`, `internal`
   */
  predict(text: TextInput, options?: WithoutThreshold<PredictOptions>): Promise<Prediction<Label, Chosen>>;
  /**
   * Classifies several texts; the predictions come in the order of the texts. One text that cannot be
   * classified rejects the whole call, with its `index` in the error. Several workers share the work.
   * Without a `threshold`, the packaged model always gives a label.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `model-unsupported` (a pair or `zeroShot`, which the model cannot
   * read), `aborted`, `timeout`, `closed`, `out-of-memory`, `internal`
   */
  predict(
    texts: readonly TextInput[],
    options?: WithoutThreshold<PredictOptions>,
  ): Promise<Prediction<Label, Chosen>[]>;
  /**
   * Classifies several texts; the predictions come in the order of the texts. One text that cannot be
   * classified rejects the whole call, with its `index` in the error. Several workers share the work.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `model-unsupported` (a pair or `zeroShot`, which the model cannot
   * read), `aborted`, `timeout`, `closed`, `out-of-memory`, `internal`
   */
  predict(texts: readonly TextInput[], options?: PredictOptions): Promise<Prediction<Label>[]>;
  // TypeScript reports a wrong option as an error of the last overload: that for one text, the usual call.
  /**
   * Classifies one text.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `text-too-long`, `model-unsupported` (a pair or `zeroShot`, which the model cannot
   * read), `aborted`, `timeout`, `closed`, `out-of-memory`, `internal`
   */
  predict(text: TextInput, options?: PredictOptions): Promise<Prediction<Label>>;
  async predict(
    texts: TextInput | readonly TextInput[],
    options: AnyPredictOptions = {},
  ): Promise<AnyPrediction | AnyPrediction[]> {
    checkTexts(texts);
    checkPredictOptions(options);
    return oneOrMany(texts, (texts) => this.#predict(texts, options));
  }

  /**
   * Computes the embeddings of texts: vectors of length 1, whose dot product is the cosine of two texts, near 1 for texts of the
   * same meaning. They are for search, clustering and duplicates. The embedding of a long text is computed from the mean of
   * its windows' features. The first call downloads the head for embeddings.
   *
   * @throws LitmusError as `predict`; `model-unsupported` if the model has no head for embeddings
   */
  embed(text: TextInput, options?: EmbedOptions): Promise<Float32Array<ArrayBuffer>>;
  /** Computes the embeddings of several texts, in their order. */
  embed(texts: readonly TextInput[], options?: EmbedOptions): Promise<Float32Array<ArrayBuffer>[]>;
  async embed(
    texts: TextInput | readonly TextInput[],
    options: EmbedOptions = {},
  ): Promise<Float32Array<ArrayBuffer> | Float32Array<ArrayBuffer>[]> {
    checkTexts(texts);
    checkOptions(options, EMBED);
    return oneOrMany(texts, (texts) =>
      withSignal(options, (signal) => embed(this.#pool, this.#info, texts, options, signal)),
    );
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
    options: ZeroShotCallOptions = {},
  ): Promise<Prediction | Prediction[]> {
    checkOptions(options, ZERO_SHOT);
    const { hypothesis, multiLabel, ...others } = options;
    return this.predict(texts as string, { ...others, zeroShot: { labels, hypothesis, multiLabel } });
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
   * @throws LitmusError `invalid-input` (the source is not an iterable), `model-unsupported`, `aborted`, `timeout`, `closed`,
   * `out-of-memory`, `internal`
   */
  stream<Task extends keyof Tasks & string>(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options: WithoutThreshold<StreamOptions> & TaskOption<Task>,
  ): AsyncGenerator<StreamItem<Tasks[Task], ChosenOf<Tasks, Task>>, void, undefined>;
  /** Classifies the texts of an iterable into the labels of one of the model's tasks. */
  stream<Task extends keyof Tasks & string>(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options: StreamOptions & TaskOption<Task>,
  ): AsyncGenerator<StreamItem<Tasks[Task]>, void, undefined>;
  /** Classifies the texts of an iterable for several of the model's tasks. */
  stream<Task extends keyof Tasks & string>(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options: Omit<StreamOptions, "threshold" | "explain"> & TasksOption<Task>,
  ): AsyncGenerator<TasksStreamItem<Tasks, Task>, void, undefined>;
  /** Classifies the texts of an iterable one after another. */
  stream(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options?: WithoutThreshold<StreamOptions>,
  ): AsyncGenerator<StreamItem<Label, Chosen>, void, undefined>;
  /**
   * Classifies the texts of an iterable one after another.
   *
   * @throws LitmusError `invalid-input` (the source is not an iterable), `model-unsupported`, `aborted`, `timeout`, `closed`,
   * `out-of-memory`, `internal`
   */
  stream(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options?: StreamOptions,
  ): AsyncGenerator<StreamItem<Label>, void, undefined>;
  async *stream(
    texts: Iterable<TextInput> | AsyncIterable<TextInput>,
    options: AnyStreamOptions = {},
  ): AsyncGenerator<never, void, undefined> {
    checkSource(texts);
    checkPredictOptions(options);
    const params = predictParams(options);
    const controller = new AbortController();
    const unfollow = follow(options, controller);
    const { signal } = controller;
    try {
      const pool = await this.#poolFor(params, signal);
      const predict = (batch: TextInput[]) =>
        pool.send({ type: "predict", texts: batch, params, failFast: false }, signal);
      // Two batches for each thread: it computes one while the next one waits.
      const items = stream(texts, 2 * pool.size, predict, { ...options, signal });
      yield* items as AsyncGenerator<never, void, undefined>;
    } finally {
      unfollow();
      controller.abort();
    }
  }

  /**
   * Teaches labels of your own, from a few examples each. The texts never leave the device. The same examples give the same
   * head in every browser. On a taught classifier, `teach` adds to its labels and examples.
   *
   * @example
   * const triage = await classifier.teach({
   *   refund: ["I want my money back", "Please refund my order"],
   *   shipping: ["Where is my parcel?", "My order has not arrived"],
   * });
   * const { label } = await triage.predict("Is my parcel lost?");
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `model-unsupported` (the model has no output `features`),
   * `head-not-extendable` (the head was exported without its examples), `aborted`, `timeout`, `closed`, `out-of-memory`,
   * `internal`
   */
  async teach<Taught extends string>(
    examples: TeachExamples<Taught>,
    options: TeachOptions = {},
  ): Promise<TaughtClassifier<Kept | Taught>> {
    checkOptions(options, TEACH);
    return withSignal(options, async (signal) => {
      return taughtClassifier(await teach(this.#pool, this.#info, examples, options, signal));
    });
  }

  /**
   * Splits a text into its tokens, also where it has more than the model reads at once.
   *
   * @throws LitmusError `invalid-input`, `empty-text`, `aborted`, `timeout`, `closed`, `out-of-memory`, `internal`
   */
  async tokenize(text: string, options: CallOptions = {}): Promise<Tokenization> {
    checkText(text);
    checkOptions(options, CALL);
    return withSignal(options, (signal) => this.#pool.send({ type: "tokenize", text }, signal));
  }

  #predict(texts: readonly TextInput[], options: AnyPredictOptions): Promise<AnyPrediction[]> {
    const params = predictParams(options);
    return withSignal(options, async (signal) => {
      const pool = await this.#poolFor(params, signal);
      return inBatches(pool.size, texts, options.onProgress, signal, async (texts, listener) => {
        const outcomes = await pool.send({ type: "predict", texts, params, failFast: true }, signal, listener);
        return outcomes.map((outcome, index) => {
          if ("failure" in outcome) throw withIndex(outcome.failure, index);
          return "prediction" in outcome ? outcome.prediction : outcome.predictions;
        });
      });
    });
  }

  /** The pool for predictions with these parameters, which may name tasks. */
  async #poolFor(params: PredictParams, signal: AbortSignal): Promise<Pool> {
    if (params.task === undefined && !params.tasks) return this.#pool;
    return taskPool(this.#pool, this.#info, params, signal);
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
 * adds to its labels and examples.
 */
export type TaughtClassifier<Label extends string = string> = Classifier<Label, Label | null, Label> &
  TaughtHead<Label>;

/** The classifier of a taught head. */
export function taughtClassifier<Label extends string>({ pool, info, head }: TaughtModel): TaughtClassifier<Label> {
  return Object.assign(new Classifier<Label, Label | null, Label>(pool, info), head as TaughtHead<Label>);
}

/** The packaged sentiment model. */
export type SentimentClassifier = Classifier<SentimentLabel, SentimentLabel, never, PackagedTasks>;

/** Computes the results of an array of texts, or of one text, as an array of one. */
async function oneOrMany<T>(
  texts: TextInput | readonly TextInput[],
  compute: (texts: readonly TextInput[]) => Promise<T[]>,
): Promise<T | T[]> {
  const copy = copyTexts(texts);
  if (isArray(copy)) return compute(copy);
  try {
    return (await compute([copy]))[0] as T;
  } catch (error) {
    // The index of the text would mean nothing to a caller who gave no array.
    throw withIndex(toLitmusError(error), undefined);
  }
}

/** `Array.isArray` for readonly arrays. */
const isArray = (texts: TextInput | readonly TextInput[]): texts is readonly TextInput[] => Array.isArray(texts);

// Safari has no Symbol.dispose: as a class member, the method would be named "undefined" there.
for (const symbol of [Symbol.dispose, Symbol.asyncDispose]) {
  if (!symbol) continue;
  Object.defineProperty(Classifier.prototype, symbol, {
    async value(this: Classifier) {
      this.close();
    },
  });
}
