import type { Activation } from "./types.js";

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
  /** The ISO 639-1 codes of the languages that the model reads, or `null` if its `litmus.json` does not give them. */
  languages: readonly string[] | null;
  /** The labels, in the model's order. */
  labels: readonly Label[];
  /** Whether a text can have several labels, each scored by itself: then the activation is `"sigmoid"`. */
  multiLabel: boolean;
  /**
   * What turns the model's logits into scores: `"sigmoid"` for `problem_type: "multi_label_classification"` and
   * for models with one logit, `"none"` for `"regression"`, else `"softmax"`.
   */
  activation: Activation;
  /** The most tokens that the model reads at once, special tokens included; see `longText`. */
  maxTokens: number;
  /**
   * The files from which the model was loaded, without `litmus.json` and without heads that are files of a folder: those are loaded
   * when they are first used.
   */
  files: readonly FileInfo[];
  /**
   * The arithmetic of the model's layers: the option `precision` of the load, and the names of the layers
   * that are computed in float32 instead of integers.
   */
  precision: { readonly option: Precision; readonly floatLayers: readonly string[] };
  /**
   * The WebAssembly instructions that compute the products of integers, chosen by what the browser and the processor have. Speed
   * depends on them, results do not.
   * - `"relaxed-dot-i32x4"`: relaxed SIMD, four products at once, on ARM64 and on x86 with VNNI.
   * - `"relaxed-dot-i16x8"`: relaxed SIMD, two products at once, on other x86.
   * - `"simd128"`: no relaxed SIMD; or the host forbids to compile WebAssembly from bytes, as workerd does.
   */
  kernel: "relaxed-dot-i32x4" | "relaxed-dot-i16x8" | "simd128";
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
 * Progress of the download of one file. The first event comes when the download starts; for the
 * optional litmus.json and tokenizer_config.json, when the file is found.
 */
export interface DownloadProgress {
  /** The file's path in the model's folder, for instance `"model.onnx"`; of the WebAssembly file its name. */
  file: string;
  /** How many bytes have arrived, counted after decompression. The last event has `loaded === total`. */
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
  manifest?: ModelFile | undefined;
  /** The files in which `model.onnx` stores its weights, where it does so, by their names: `{ "model.onnx_data": file }`. */
  data?: Readonly<Record<string, ModelFile>> | undefined;
  /** The heads of the model, by task; `embedding` is the head for `embed`. */
  heads?: Readonly<Record<string, ModelFile>> | undefined;
}

/**
 * The URLs of a model's files, one by one, for bundlers, which give each file a URL of its own:
 * `{ config: new URL("./model/config.json", import.meta.url), … }`.
 */
export interface ModelUrls {
  /** Of `config.json` */
  config: URL;
  /** Of `tokenizer.json` */
  tokenizer: URL;
  /** Of `tokenizer_config.json`, which is optional. */
  tokenizerConfig?: URL | undefined;
  /** Of `model.onnx`. If it stores its weights in other files, they are beside it. */
  model: URL;
  /** Of `litmus.json`, which is optional. */
  manifest?: URL | undefined;
  /** Of the heads that `litmus.json` lists, by task. By default, they are in the folder `heads` beside it. */
  heads?: Readonly<Record<string, URL>> | undefined;
}

/** Options of `createClassifier`. */
export interface ClassifierOptions {
  /**
   * The model: the URL of a folder in Hugging Face layout, its files or their URLs one by one, or the files of a
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
  model?: string | URL | ModelFiles | ModelUrls | Iterable<File> | undefined;
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
   * - `"verified"`: only files whose SHA-256 is in `litmus.json`, and `litmus.json` itself.
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
   * model's own. Not together with `head`.
   */
  task?: string | undefined;
  /**
   * The file of a head that was taught on this model (`TaughtClassifier.export`). Its labels take the place of the model's own. Not
   * together with `task`.
   */
  head?: Uint8Array<ArrayBuffer> | ArrayBuffer | undefined;
  /** Aborts the load, which then rejects with the code `aborted`. It has no effect once the model is loaded. */
  signal?: AbortSignal | undefined;
  /** The milliseconds that the load may take, an integer from 1; then it rejects with the code `timeout` and its worker is terminated. */
  timeout?: number | undefined;
  /** Called as bytes arrive. Files are downloaded in parallel, so their events are interleaved. */
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
}
