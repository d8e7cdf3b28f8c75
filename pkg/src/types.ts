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
  /** The most probable label. */
  label: string;
  /** Its calibrated probability, from 0 to 1. */
  score: number;
  /**
   * The labels with their probabilities, highest first, cut to `topK`. Over all the labels they
   * sum to 1; in a multi-label model each stands alone.
   */
  scores: LabelScore[];
  /** Tokens the model read, special tokens included. At most `info.maxTokens`. */
  tokens: number;
  /** Whether the text was longer than the model reads, so that its end was left out. */
  truncated: boolean;
}

/** Options of every call. */
export interface CallOptions {
  /**
   * Ends the call with the code `aborted`. Texts are then computed one by one, about a tenth slower
   * than together, so that at most the one at work is still computed.
   */
  signal?: AbortSignal | undefined;
}

/** Options of one `predict` call. */
export interface PredictOptions extends CallOptions {
  /** How many labels to return in `scores`: an integer from 1. All of them by default. */
  topK?: number | undefined;
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
export interface StreamOptions extends PredictOptions {
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
      /** `invalid-input` or `empty-text`. */
      error: LitmusError;
    };

/** How a text is cut into tokens. The three arrays have one element per token. */
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
  /** The longest text the model reads, in tokens, special tokens included. */
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
  /** Called as bytes arrive. Files load side by side, so their events mix. */
  onProgress?: ((progress: Progress) => void) | undefined;
}
