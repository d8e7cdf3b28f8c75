import type { LitmusError } from "./errors.js";

/** One label and its probability. */
export interface LabelScore {
  /** The label's name, from the model's `id2label`. */
  label: string;
  /** Calibrated probability, from 0 to 1. */
  score: number;
}

/** What the classifier says about one text. */
export interface Prediction {
  /** The most probable label, or `null` where its probability is below `threshold`. */
  label: string | null;
  /** The highest probability, from 0 to 1, calibrated. */
  score: number;
  /**
   * The labels with their probabilities, highest first, cut to `topK`. Over all the labels they
   * sum to 1; in a multi-label model each stands alone.
   */
  scores: LabelScore[];
  /** Tokens the model read, special tokens included, those in two windows twice. */
  tokens: number;
  /**
   * Whether the end of the text was left out, as `longText: "truncate"` asks. `windows[0].end` is
   * then where reading stopped.
   */
  truncated: boolean;
  /**
   * The parts of the text that the model read, in their order: one, unless the text has more than
   * `info.maxTokens` tokens. The scores of the text are the mean of theirs, each weighted by its
   * tokens that are not in the window before it as well.
   */
  windows: TextWindow[];
  /** What each word did to the probability, in the order of the text; `null` unless `explain` was asked for. */
  attributions: Attribution[] | null;
  /** What there is to know before relying on the label. */
  warnings: PredictionWarning[];
}

/** A part of a text that the model read at once, and what it says of it. */
export interface TextWindow {
  /** It is `text.slice(start, end)` of the string given. */
  start: number;
  /** Where it ends, in UTF-16 code units of the string given. */
  end: number;
  /** Its tokens, special tokens included. At most `info.maxTokens`. */
  tokens: number;
  /** The labels with their probabilities for this window, highest first, cut to `topK`. */
  scores: LabelScore[];
}

/** What a word did to the probability that is explained. */
export interface Attribution {
  /** Where the word starts, in UTF-16 code units of the string given. Words do not overlap. */
  start: number;
  /** Where it ends. */
  end: number;
  /** The word: `text.slice(start, end)` of the string given. */
  text: string;
  /**
   * How much of the probability is its doing, from −1 to 1: positive speaks for the label,
   * negative against it.
   */
  weight: number;
}

/**
 * A reason to doubt a prediction.
 * - `mostly-unknown-tokens`: more than half of the text's tokens are not in the model's vocabulary:
 *   another script, or no text at all. U+FFFD and control characters, which become no tokens, count
 *   as such.
 */
export type PredictionWarning = "mostly-unknown-tokens";

/** Options of every call. */
export interface CallOptions {
  /**
   * Ends the call with the code `aborted`. Texts, windows and what an explanation needs are then
   * computed one by one, about a tenth slower than together, so that at most the one at work is
   * still computed.
   */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds from the call, an integer from 1, after which it ends with the code `timeout`, as
   * an abort would end it. A worker that does not stop within a second more, for a model can be made
   * to compute for ever, is ended, and the next call starts another. Without a worker it ends
   * between two texts or windows.
   */
  timeout?: number | undefined;
}

/** How texts are read and what is said of them, in `predict` and `stream`. */
export interface TextOptions extends CallOptions {
  /** How many labels to return in `scores`: an integer from 1. All of them by default. */
  topK?: number | undefined;
  /** Give no label to what has a lower probability, from 0 to 1. */
  threshold?: number | undefined;
  /**
   * What to do with a text of more than `info.maxTokens` tokens: read all of it in windows of up to
   * 128 tokens, which begin and end with a sentence where sentences allow it and overlap by up to 32
   * (`"window"`, the default), read its beginning (`"truncate"`), or refuse it as `text-too-long`
   * (`"error"`).
   */
  longText?: "window" | "truncate" | "error" | undefined;
  /** Say which words decided: of the label that comes out (`true`), or as these options say. */
  explain?: boolean | ExplainOptions | undefined;
}

/** How to explain a prediction. What is computed is a label's probability with words masked. */
export interface ExplainOptions {
  /** The label whose probability to explain; by default the most probable one. */
  label?: string | undefined;
  /**
   * - `"occlusion"`, the default: a word's weight is what the probability loses when that word alone
   *   is masked. It costs a prediction for each word. The weights need not sum to anything: of two
   *   words that say the same, neither may seem to matter.
   * - `"shapley"`: a word's weight is its Shapley value, estimated by orders in which the words are
   *   uncovered, in pairs of opposites. It costs `samples` predictions for each word. The weights
   *   sum to the label's probability less that of the text with every word masked.
   */
  method?: "occlusion" | "shapley" | undefined;
  /** Orders to take for `"shapley"`: an integer from 1 to 1,000; 20 by default. More of them err less. */
  samples?: number | undefined;
  /** For `"shapley"`: an integer from 0. The same seed gives the same weights; 0 by default. */
  seed?: number | undefined;
}

/** How far a call has come. */
export interface PredictProgress {
  /** Texts, windows and variants for explanations that are computed. */
  done: number;
  /** How many there are. Of more than 256 texts, the later ones count as one each until they are read. */
  total: number;
}

/** Options of one `predict` call. */
export interface PredictOptions extends TextOptions {
  /** Called before the first is computed, and after each. It makes the call as slow as `signal` does. */
  onProgress?: ((progress: PredictProgress) => void) | undefined;
}

/** How far a stream has come. */
export interface StreamProgress {
  /** Rows that have their prediction or their error. */
  done: number;
  /** How many of them have an error. */
  failed: number;
  /** How many there will be, if the source is an array; else `null`. */
  total: number | null;
}

/** Options of one `stream` call. */
export interface StreamOptions extends TextOptions {
  /** Called every few rows. */
  onProgress?: ((progress: StreamProgress) => void) | undefined;
}

/** What a stream says of one row: its prediction, or why there is none. */
export type StreamItem =
  | {
      /** The row's place in the source, counted from 0. */
      index: number;
      /** The text, as it was given. */
      text: string;
      prediction: Prediction;
      error?: undefined;
    }
  | {
      /** The row's place in the source, counted from 0. */
      index: number;
      /** What was given; if it is no string, the error is `invalid-input`. */
      text: unknown;
      prediction?: undefined;
      /** `invalid-input`, `empty-text` or `text-too-long`. */
      error: LitmusError;
    };

/** How a text is cut into tokens, all of it however long. The arrays have one element per token. */
export interface Tokenization {
  /** Token ids, special tokens included. */
  ids: number[];
  /** The tokens as the vocabulary spells them. */
  tokens: string[];
  /**
   * Where each token came from: `text.slice(start, end)`, in UTF-16 code units of the string
   * given. Special tokens have `[0, 0]`.
   */
  offsets: [start: number, end: number][];
  /** The share of the tokens, special ones left out, that the vocabulary does not know, from 0 to 1. */
  unknownShare: number;
}

/** A file of a model, as it was loaded. */
export interface FileInfo {
  /** Its path in the model's folder. */
  path: string;
  /** Its size in bytes. */
  bytes: number;
  /** Its SHA-256 in hexadecimal, if `litmus.json` gives it; else `null`. */
  sha256: string | null;
}

/** Facts about a loaded classifier. */
export interface ClassifierInfo {
  /** The model's name, or `null` if its folder does not say. */
  name: string | null;
  /** The model's version, or `null` if its folder does not say. */
  version: string | null;
  /** The labels, in the model's order. */
  labels: readonly string[];
  /** Whether each label is scored on its own (sigmoid) rather than against the others (softmax). */
  multiLabel: boolean;
  /** The most tokens that the model reads at once, special tokens included; see `longText`. */
  maxTokens: number;
  /** The model's files; none where the model is inside the WebAssembly module. */
  files: readonly FileInfo[];
  /** What was measured of the model, as its `litmus.json` says, or `null`. */
  metrics: Readonly<Record<string, unknown>> | null;
  /**
   * Size of the WebAssembly memory now, in bytes: of this classifier's workers together, 0 while
   * they are shut down. Classifiers without a worker share theirs.
   */
  memoryBytes: number;
}

/**
 * Progress of one file of a load. Its first event comes when the file is asked for; that of
 * litmus.json, which need not be there, when it is found.
 */
export interface Progress {
  /** The file's name, for instance `"model.onnx"`. */
  file: string;
  /** Bytes received so far, after any decompression. The last event has `loaded === total`. */
  loaded: number;
  /** Size of the file in bytes, or `null` while it is not known. */
  total: number | null;
}

/** One file of a model: its bytes, a `Blob` or `File`, or the `Response` of a fetch. */
export type ModelFile = Uint8Array | ArrayBuffer | Blob | Response;

/** A model given file by file. */
export interface ModelFiles {
  /** `config.json` */
  config: ModelFile;
  /** `tokenizer.json` */
  tokenizer: ModelFile;
  /** `model.onnx` */
  model: ModelFile;
  /** `litmus.json`, if the model has one: temperature, name, version, file sizes. */
  manifest?: ModelFile;
}

/** Options of `createClassifier`. */
export interface ClassifierOptions {
  /**
   * The model: the URL of a folder in Hugging Face layout, its files one by one, or the files of a
   * folder that the user picked or dropped (`<input type="file" webkitdirectory>`). A relative URL
   * is relative to the page (in Node, to the working directory). The folder holds `config.json`,
   * `tokenizer.json`, the first found of `model.onnx`, `onnx/model_quantized.onnx` and
   * `onnx/model.onnx`, and perhaps `litmus.json`. By default, the sentiment model of the package;
   * workerd, which has no files of its own, needs to be given a model's.
   *
   * Files whose SHA-256 is in `litmus.json` are checked against it, where the platform has digests:
   * on https, on localhost and in Node.
   */
  model?: string | URL | ModelFiles | Iterable<File> | undefined;
  /**
   * Where predictions are computed: in a worker (`true`, the default), in a pool of so many (an
   * integer from 1, started as there is work for them), or on the thread that asks (`false`). In
   * service workers, and where none can be started, it is on the thread that asks; in Node, Deno and
   * Bun too, unless you give a number: that many worker threads. Browsers' workers shut down after a
   * minute without a call; the next call starts them again.
   */
  worker?: boolean | number | undefined;
  /**
   * Whether to keep the model's files in the browser's Cache API, so that the next visit needs no
   * network for them; `true` by default. Only files whose SHA-256 is in `litmus.json` are kept,
   * only on https and localhost, and only while there is room.
   */
  cache?: boolean | undefined;
  /** Gives up the load, with the code `aborted`. Once loaded, it means nothing. */
  signal?: AbortSignal | undefined;
  /** Milliseconds, an integer from 1, after which the load is given up, with the code `timeout`, and its worker ended. */
  timeout?: number | undefined;
  /** Called as bytes arrive. Files load side by side, so their events mix. */
  onProgress?: ((progress: Progress) => void) | undefined;
}
