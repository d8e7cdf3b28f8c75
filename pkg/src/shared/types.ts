import type { LitmusError } from "./errors.js";

/** The labels of the packaged sentiment model. */
export type SentimentLabel = "negative" | "neutral" | "positive";

/** The labels of the packaged model's task `emotion`, those of GoEmotions. A text can have several. */
export type EmotionLabel =
  | "admiration"
  | "amusement"
  | "anger"
  | "annoyance"
  | "approval"
  | "caring"
  | "confusion"
  | "curiosity"
  | "desire"
  | "disappointment"
  | "disapproval"
  | "disgust"
  | "embarrassment"
  | "excitement"
  | "fear"
  | "gratitude"
  | "grief"
  | "joy"
  | "love"
  | "nervousness"
  | "optimism"
  | "pride"
  | "realization"
  | "relief"
  | "remorse"
  | "sadness"
  | "surprise"
  | "neutral";

/** The labels of the packaged model's task `toxicity`. A text can have both, or none. */
export type ToxicityLabel = "toxic" | "hateful";

/** The tasks of the packaged model, with their labels. */
export type PackagedTasks = {
  sentiment: SentimentLabel;
  emotion: EmotionLabel;
  toxicity: ToxicityLabel;
};

/** The tasks of a model of which TypeScript does not know the heads. */
export type AnyTasks = Record<string, string>;

/** One label and its score. */
export interface LabelScore<Label extends string = string> {
  /** The label's name, from the model's `id2label`. */
  label: Label;
  /** The label's calibrated probability, from 0 to 1; with the activation `"none"` its logit. */
  score: number;
}

/**
 * What turns logits into scores.
 * - `"softmax"`: probabilities that sum to 1; a text has one label.
 * - `"sigmoid"`: a probability for each label by itself; a text can have several labels, or none.
 * - `"none"`: the scores are the logits, without calibration: the value of a regression, or raw scores.
 */
export type Activation = "softmax" | "sigmoid" | "none";

/**
 * The prediction for one text. `Label` is the type of the model's labels, `Chosen` that of `label`: it excludes `null` where
 * the packaged model predicts without a `threshold`.
 */
export interface Prediction<Label extends string = string, Chosen extends Label | null = Label | null> {
  /**
   * The label with the highest score, or `null` if that is below `threshold`; where each label is scored
   * by itself (`"sigmoid"`), the first of `labels`, or `null` if there are none.
   */
  label: Chosen;
  /**
   * Only where each label is scored by itself (`"sigmoid"`), as in multi-label models: the labels whose
   * score is at least `threshold`, highest first, perhaps none.
   */
  labels?: Label[];
  /** Only of a head that was taught with `other`: whether the text resembles none of the labels' examples. */
  other?: boolean;
  /** The highest score: a calibrated probability from 0 to 1, or with the activation `"none"` a logit. */
  score: number;
  /**
   * The labels with their scores, highest first, cut to `topK`. With the activation `"softmax"` the
   * scores of all labels sum to 1.
   */
  scores: LabelScore<Label>[];
  /** How many tokens the model read, special tokens included. Tokens that are in two windows count twice. */
  tokens: number;
  /**
   * Whether the end of the text was left out, because of `longText: "truncate"`. `windows[0].end` is
   * then the offset at which reading stopped.
   */
  truncated: boolean;
  /**
   * The parts of the text that the model read, in text order: one, unless the text has more than
   * `info.maxTokens` tokens. The scores of the text are the mean of the windows' scores, each weighted
   * by the number of its tokens that are not in the window before it.
   */
  windows: TextWindow<Label>[];
  /** The weight of each word, in text order; `null` without the option `explain`. */
  attributions: Attribution[] | null;
  /** Reasons to doubt the label. */
  warnings: PredictionWarning[];
}

/** A part of a long text that the model read at once, and the prediction for it. */
export interface TextWindow<Label extends string = string> {
  /** The window is `text.slice(start, end)`, in UTF-16 code units of the string given. */
  start: number;
  /** The offset at which the window ends, in UTF-16 code units of the string given. */
  end: number;
  /**
   * How many tokens the window has, special tokens and the pair included. At most `info.maxTokens`. With `zeroShot`, those
   * of the longest hypothesis.
   */
  tokens: number;
  /** The labels with their scores for this window, highest first, cut to `topK`. */
  scores: LabelScore<Label>[];
}

/** The contribution of one word to the explained score. */
export interface Attribution {
  /** The offset at which the word starts, in UTF-16 code units of the string given. Words do not overlap. */
  start: number;
  /** The offset at which the word ends. */
  end: number;
  /** The word: `text.slice(start, end)` of the string given. */
  text: string;
  /** How much of the score is due to the word; of a probability, from −1 to 1. Negative: the word speaks against the label. */
  weight: number;
}

/**
 * A reason to doubt a prediction.
 * - `mostly-unknown-tokens`: more than half of the text's tokens are not in the model's vocabulary,
 *   because the text is in another script or is not text at all. U+FFFD and control characters, which
 *   the tokenizer drops, count as unknown.
 */
export type PredictionWarning = "mostly-unknown-tokens";

/**
 * A text, or a text with its pair, for models that read two texts at once: natural language inference, question
 * answering, rerankers. Offsets refer to `text`.
 */
export type TextInput = string | { text: string; pair?: string | undefined };

/** Options of every call. */
export interface CallOptions {
  /**
   * Aborts the call, which then rejects with the code `aborted` and the name `"AbortError"`. With
   * `AbortSignal.timeout()` it is a `timeout`, as with the option of that name. A worker notices the
   * abort after the batch that it is computing.
   */
  signal?: AbortSignal | undefined;
  /**
   * The milliseconds that the call may take, an integer from 1; after that it rejects with the code
   * `timeout` and the name `"TimeoutError"`. A hard limit: a worker that does not stop within a second
   * is terminated, and the next call starts another. Without a worker, the call stops between two
   * batches only.
   */
  timeout?: number | undefined;
}

/** Options of `predict` and `stream` that change the predictions. */
export interface TextOptions extends CallOptions {
  /** How many labels to return in `scores`, an integer from 1. By default, all of them. */
  topK?: number | undefined;
  /**
   * The probability, from 0 to 1, below which a label is not given: `label` is then `null`, and `labels`
   * is without it. By default, where each label is scored by itself (`"sigmoid"`), what the head has for the label, or else
   * 0.5; else none. Refused where the scores are logits (`"none"`).
   */
  threshold?: number | undefined;
  /** What turns the logits into scores; by default the model's own, `info.activation`. */
  activation?: Activation | undefined;
  /**
   * What to do with a text of more than `info.maxTokens` tokens: read all of it in windows of up to
   * 128 tokens, which begin and end at sentences where possible and overlap by up to 32 tokens
   * (`"window"`, the default), read only its beginning (`"truncate"`), or reject it with the code
   * `text-too-long` (`"error"`).
   */
  longText?: "window" | "truncate" | "error" | undefined;
  /**
   * How to read special tokens that a text spells, such as `[SEP]` or `</s>`: as text (`"text"`, the default), so
   * that whoever writes the text cannot change how the model reads it, or as the special tokens (`"special"`).
   */
  specialTokens?: "text" | "special" | undefined;
  /** Whether to return the weight of each word: for the most probable label (`true`), or as these options say. */
  explain?: boolean | ExplainOptions | undefined;
  /** Scores labels of your choice; see `Classifier.zeroShot`. Not together with `activation` or `explain`. */
  zeroShot?: ZeroShotOptions | undefined;
}

/**
 * Zero-shot classification: labels of your choice, scored by a model for natural language inference, one of whose own
 * labels starts with "entail". The text is read once for each label.
 */
export interface ZeroShotOptions {
  /** The labels to score instead of the model's own: 1 to 1,000, none twice. */
  labels: readonly string[];
  /** A sentence in which the label replaces `{}`; by default `"This example is {}."`. */
  hypothesis?: string | undefined;
  /** Whether a text can have several of the labels, each scored by itself; `false` by default. A single label always is. */
  multiLabel?: boolean | undefined;
}

/** How to explain a prediction: by the probability of a label with some of the words masked. */
export interface ExplainOptions {
  /** The label whose probability to explain. By default, the most probable one. */
  label?: string | undefined;
  /**
   * - `"occlusion"`, the default: the weight of a word is what the probability loses when that word
   *   alone is masked. Takes one forward pass per word. The weights have no fixed sum; where two words
   *   say the same, the weight of each may be near 0.
   * - `"shapley"`: the weight of a word is its Shapley value, estimated from random permutations of the
   *   words, each taken forwards and backwards. Takes `samples` forward passes per word. The weights sum
   *   to the label's probability minus that of the text with every word masked.
   */
  method?: "occlusion" | "shapley" | undefined;
  /** How many permutations to sample for `"shapley"`, an integer from 1 to 1,000; 20 by default. More have a smaller error. */
  samples?: number | undefined;
  /** The seed of the permutations for `"shapley"`, an integer from 0; 0 by default. The same seed gives the same weights. */
  seed?: number | undefined;
}

/** Classifies texts into the labels of one of the model's tasks, which are in `info.tasks`. */
export interface TaskOption<Task extends string = string> {
  /** The task; its head is downloaded when it is first needed. */
  task: Task;
}

/** Classifies texts for several of the model's tasks, which are in `info.tasks`. Each text is read once. */
export interface TasksOption<Task extends string = string> {
  /** The tasks; their heads are downloaded when they are first needed. */
  tasks: readonly Task[];
  /** As without tasks: for all of them, or by task. */
  threshold?: number | { readonly [Key in Task]?: number | undefined } | undefined;
  /** As without tasks; `label` is for all of them, or by task. */
  explain?: boolean | ExplainTasksOptions<Task> | undefined;
}

/** How to explain the predictions of several tasks. */
export interface ExplainTasksOptions<Task extends string = string> extends Omit<ExplainOptions, "label"> {
  /** The label whose probability to explain, by task. By default, the most probable one. */
  label?: string | { readonly [Key in Task]?: string | undefined } | undefined;
}

/** The options of tasks, none of which is required. */
export type AnyTaskOptions = {
  [Key in keyof (TaskOption & TasksOption)]?: (TaskOption & TasksOption)[Key] | undefined;
};

/** The predictions of one text, by task. */
export type TaskPredictions<Tasks extends AnyTasks = AnyTasks, Task extends keyof Tasks = keyof Tasks> = {
  [Key in Task]: Prediction<Tasks[Key]>;
};

/** The type of a task's `label` without a `threshold`: only the packaged sentiment is known to give one always. */
export type ChosenOf<Tasks extends AnyTasks, Task extends keyof Tasks> = Tasks extends PackagedTasks
  ? Task extends "sentiment"
    ? Tasks[Task]
    : Tasks[Task] | null
  : Tasks[Task] | null;

/** Progress of a `predict` call. */
export interface PredictionProgress {
  /** How many rows are computed: texts, windows, and masked variants for explanations. */
  done: number;
  /** How many rows there are. Beyond the first 256 texts, a text counts as one row until it is tokenized. */
  total: number;
}

/** Options of one `predict` call. */
export interface PredictOptions extends TextOptions {
  /** Called before the first batch and after each one. */
  onProgress?: ((progress: PredictionProgress) => void) | undefined;
}

/** Options of `Classifier.embed`. */
export interface EmbedOptions extends CallOptions {
  /** Called before the first batch and after each one. */
  onProgress?: ((progress: PredictionProgress) => void) | undefined;
}

/** Progress of a stream. */
export interface StreamProgress {
  /** How many items have their prediction or their error. */
  done: number;
  /** How many of them have an error. */
  failed: number;
  /** How many items there will be if the source is an array, else `null`. */
  total: number | null;
}

/** Options of one `stream` call. */
export interface StreamOptions extends TextOptions {
  /** Called every few items. */
  onProgress?: ((progress: StreamProgress) => void) | undefined;
}

/** Labels, each with example texts. A label without examples is taught by its name. */
export type TeachExamples<Label extends string = string> = Readonly<Record<Label, readonly string[]>>;

/** Options of `Classifier.teach`. */
export interface TeachOptions extends CallOptions {
  /** Whether a text can have several of the labels, or none; `false` by default. */
  multiLabel?: boolean | undefined;
  /**
   * Whether to reject texts that resemble no label's examples: their `label` is `null`, and `other` is true. About one text
   * in twelve that has a label is rejected, too. Needs a label with two examples; not together with `multiLabel`.
   */
  other?: boolean | undefined;
  /** Called before the first step and after each one. */
  onProgress?: ((progress: PredictionProgress) => void) | undefined;
}

/** How well a taught head predicts examples that it was not taught, and which examples to look at. */
export interface TeachReport<Label extends string = string> {
  /** The labels, with the number of their examples and their F1 on held-out examples, or `null` where none was held out. */
  labels: { label: Label; examples: number; f1: number | null }[];
  /** How many examples were predicted by a head that was taught without them. */
  validated: number;
  /** The fraction of these whose labels were all predicted right, or `null` where there are none. */
  accuracy: number | null;
  /** Rows: the label of the example; columns: the predicted one. Empty where a text can have several labels. */
  confusion: number[][];
  /** Examples that are predicted as another label with great certainty: perhaps their label is wrong. */
  odd: { text: string | null; label: Label; predicted: Label; score: number }[];
  /** Texts that are examples of several labels, although a text has only one. */
  contradictions: { text: string; labels: Label[] }[];
}

/** What a taught classifier has in addition. */
export interface TaughtHead<Label extends string = string> {
  /** What cross-validation says about the head; `null` if the head was loaded from a file. */
  readonly report: TeachReport<Label> | null;
  /**
   * The head file: labels, weights and calibration, about 1.5 kB a label. With `examples`, also the features of the
   * examples, so that the head can be taught more; the texts are not in it. A head that was loaded from a file is that file.
   */
  export(options?: { examples?: boolean | undefined }): Uint8Array<ArrayBuffer>;
}

/** Options of `Classifier.zeroShot`. */
export type ZeroShotCallOptions = Omit<ZeroShotOptions, "labels"> &
  Omit<PredictOptions, "zeroShot" | "activation" | "explain">;

/** Options without a threshold, and without the sigmoid's: with these, the packaged model always gives a label. */
export type WithoutThreshold<Options extends TextOptions> = Options & {
  threshold?: undefined;
  activation?: Exclude<Activation, "sigmoid"> | undefined;
  zeroShot?: undefined;
};

/** One item of a stream: a text with its prediction, or with the error why it has none. */
export type StreamItem<Label extends string = string, Chosen extends Label | null = Label | null> =
  | {
      /** The item's index in the source, counted from 0. */
      index: number;
      /** The text, as it was given. */
      text: string;
      /** Its pair, if it was given one. */
      pair?: string | undefined;
      prediction: Prediction<Label, Chosen>;
      error?: undefined;
    }
  | {
      /** The item's index in the source, counted from 0. */
      index: number;
      /** The text, or the value that was given if that is no text: then the error is `invalid-input`. */
      text: unknown;
      pair?: string | undefined;
      prediction?: undefined;
      /** `invalid-input`, `empty-text` or `text-too-long`. */
      error: LitmusError;
    };

/** One item of a stream for several tasks: a text with its predictions by task, or with the error why it has none. */
export type TasksStreamItem<Tasks extends AnyTasks = AnyTasks, Task extends keyof Tasks = keyof Tasks> =
  | (Omit<Extract<StreamItem, { error?: undefined }>, "prediction"> & { predictions: TaskPredictions<Tasks, Task> })
  | (Omit<Extract<StreamItem, { error: LitmusError }>, "prediction"> & { predictions?: undefined });

/**
 * The tokens of a text, all of them however long it is. Special tokens that the text spells are read as text. The
 * arrays have one element per token.
 */
export interface Tokenization {
  /** The token ids, special tokens included. */
  ids: number[];
  /** The tokens as the vocabulary spells them. */
  tokens: string[];
  /**
   * The offsets of each token: it is `text.slice(start, end)`, in UTF-16 code units of the string
   * given. Special tokens have `[0, 0]`.
   */
  offsets: [start: number, end: number][];
  /** The fraction of the tokens, special tokens left out, that are not in the vocabulary: from 0 to 1. */
  unknownShare: number;
}

/** A loaded file of a model. */
export interface FileInfo {
  /** Its path in the model's folder. */
  path: string;
  /** Its size in bytes. */
  bytes: number;
  /** Its SHA-256 in hexadecimal if `litmus.json` has it, else `null`. */
  sha256: string | null;
}

/** Facts about a loaded classifier. */
export interface ClassifierInfo<Label extends string = string> {
  /** The model's name, or `null` if its `litmus.json` has none. */
  name: string | null;
  /** The model's version, or `null` if its `litmus.json` has none. */
  version: string | null;
  /** The labels, in the model's order. */
  labels: readonly Label[];
  /** Whether a text can have several labels, each scored by itself: the activation is `"sigmoid"`. */
  multiLabel: boolean;
  /**
   * What turns the model's logits into scores: `"sigmoid"` for `problem_type: "multi_label_classification"` and
   * for models with one logit, `"none"` for `"regression"`, else `"softmax"`.
   */
  activation: Activation;
  /** The most tokens that the model reads at once, special tokens included; see `longText`. */
  maxTokens: number;
  /** The model's files; none if the model is inside the WebAssembly module. */
  files: readonly FileInfo[];
  /**
   * The arithmetic of the model's layers: the option `precision` of the load, and the names of the layers
   * that are computed in float32 instead of integers.
   */
  precision: { readonly option: Precision; readonly floatLayers: readonly string[] };
  /**
   * The tasks of the model's heads, for the options `task` and `tasks`: of a folder, those of the files `heads/NAME.head` that its
   * `litmus.json` lists.
   */
  tasks: readonly string[];
  /** The measurements in the model's `litmus.json`, or `null`. */
  metrics: Readonly<Record<string, unknown>> | null;
  /**
   * The thread that computes: a web worker; a worker thread of Node, Deno or Bun; or the calling thread (`"page"`). A page
   * that cannot start a worker computes on its own thread, which then blocks, and one warning in the console says why.
   */
  runsIn: "worker" | "worker-threads" | "page";
  /**
   * The current size of the WebAssembly memory in bytes, summed over this classifier's workers; 0 while
   * they are shut down. Classifiers on the calling thread share one memory.
   */
  memoryBytes: number;
}

/**
 * Progress of the download of one file. Its first event comes when the download starts; for the
 * optional litmus.json, when the file was found.
 */
export interface DownloadProgress {
  /** The file's name, for instance `"model.onnx"`. */
  file: string;
  /** How many bytes have arrived, after decompression. The last event has `loaded === total`. */
  loaded: number;
  /** The file's size in bytes, or `null` while it is unknown. */
  total: number | null;
}

/** The arithmetic of a model's layers. */
export type Precision = "auto" | "int8" | "float32";

/** One file of a model: its bytes, a `Blob` or `File`, or the `Response` of a `fetch`. */
export type ModelFile = Uint8Array | ArrayBuffer | Blob | Response;

/** The files of a model, one by one. */
export interface ModelFiles {
  /** `config.json` */
  config: ModelFile;
  /** `tokenizer.json` */
  tokenizer: ModelFile;
  /** `tokenizer_config.json`, which is optional: settings that override those of `tokenizer.json`. */
  tokenizerConfig?: ModelFile | undefined;
  /** `model.onnx` */
  model: ModelFile;
  /** `litmus.json`, which is optional: temperature, name, version, sizes and checksums of the files. */
  manifest?: ModelFile;
  /** The files in which `model.onnx` stores its weights, where it does so, by their names: `{ "model.onnx_data": file }`. */
  data?: Readonly<Record<string, ModelFile>>;
  /** The heads of the model, by task; `embedding` is the head for `embed`. */
  heads?: Readonly<Record<string, ModelFile>>;
}

/** Options of `createClassifier`. */
export interface ClassifierOptions {
  /**
   * The model: the URL of a folder in Hugging Face layout, its files one by one, or the files of a
   * folder that the user picked or dropped (`<input type="file" webkitdirectory>`). A relative URL is
   * resolved against the page's URL; its query is kept for each file. In Node, Deno and Bun, a string without a scheme is
   * the path of the folder. The folder has
   * `config.json`, `tokenizer.json`, the first that exists of `model.onnx`,
   * `onnx/model_quantized.onnx` and `onnx/model.onnx`, the file beside it in which it stores its weights
   * where it does so, and optionally `tokenizer_config.json` and `litmus.json`. By default, the
   * packaged sentiment model; in workerd, which has no files, the option is required.
   *
   * Files whose SHA-256 is in `litmus.json` are checked against it, where the platform can compute it:
   * on https, on localhost and in Node.
   */
  model?: string | URL | ModelFiles | Iterable<File> | undefined;
  /**
   * Where predictions are computed.
   * - `"auto"`, the default: in one web worker; on the calling thread in service workers, in Node, Deno
   *   and Bun, and where a worker cannot be started.
   * - An integer from 1: in a pool of up to that many workers (in Node, Deno and Bun: worker threads),
   *   each with its own copy of the model, started when there is work for them.
   * - `0`: on the calling thread.
   *
   * Web workers shut down after a minute without a call; the next call starts them again.
   */
  workers?: "auto" | number | undefined;
  /**
   * The package's WebAssembly file `wasm/litmus_text_bg.wasm`, where the package does not find it by itself: its URL, the
   * `Response` of a `fetch`, its bytes, or the compiled module.
   */
  wasm?: string | URL | Response | WebAssembly.Module | BufferSource | undefined;
  /**
   * The URL of the worker's script, where the package does not find `dist/worker.js` by itself. A `blob:` URL needs a script
   * without imports. A script of another origin needs CORS headers. On a page of a `file:` URL, it runs as a classic
   * script. In Node, Deno and Bun: of `dist/node-worker.js`.
   */
  workerUrl?: string | URL | undefined;
  /**
   * Which files of the model to store in the browser's Cache API, so that the next visit does not download them and works
   * offline. They are stored on https and localhost only, and while the browser grants the space.
   * - `"always"`, the default, or `true`: all. A file whose SHA-256 is not in `litmus.json` is used again if the server, asked
   *   with a `HEAD` request, still has the same `ETag`, or the same size and date, or cannot be reached.
   * - `"verified"`: only files whose SHA-256 is in `litmus.json`.
   * - `false`: none.
   */
  cache?: "always" | "verified" | boolean | undefined;
  /**
   * The arithmetic of linear layers, attention and embeddings.
   * - `"auto"`, the default: integers; but float32 for the layers with float weights of a model in which a few
   *   channels are so much larger than the others that integers would lose these. `info.precision.floatLayers`
   *   names the layers. Weights that are stored quantised are not examined.
   * - `"int8"`: integers for every layer, the smallest and fastest form.
   * - `"float32"`: float32 for every layer: four times the memory, and slower.
   */
  precision?: Precision | undefined;
  /**
   * The task that calls without the options `task` and `tasks` are for: one of the model's heads. Its labels take the place of the
   * model's own.
   */
  task?: string | undefined;
  /** The file of a head that was taught on this model (`TaughtClassifier.export`): its labels take the place of the model's. */
  head?: Uint8Array<ArrayBuffer> | undefined;
  /** Aborts the load, which then rejects with the code `aborted`. It has no effect once the model is loaded. */
  signal?: AbortSignal | undefined;
  /** The milliseconds that the load may take, an integer from 1; then it rejects with the code `timeout` and its worker is terminated. */
  timeout?: number | undefined;
  /** Called as bytes arrive. Files are downloaded in parallel, so their events are interleaved. */
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
}
