import type { LitmusErrorCode } from "./errors.js";
import type { ClassifierInfo, ClassifierOptions, DownloadProgress } from "./model-types.js";
import type { AnyTaskOptions, ExplainTasksOptions } from "./task-types.js";
import type { TeachEntries, TeachReport } from "./teach-types.js";
import type { Prediction, PredictionProgress, TextInput, TextOptions, Tokenization } from "./types.js";

// The messages between the page and its workers. Every value must survive a structured clone.

/** A URL at which a file of a model may be. `path` is its path in the model's folder. */
export interface FileCandidate {
  path: string;
  url: string;
}

/** The candidates for each file of a model. The first that exists is taken. */
export interface ModelCandidates {
  config: FileCandidate[];
  tokenizer: FileCandidate[];
  tokenizerConfig: FileCandidate[];
  model: FileCandidate[];
  manifest: FileCandidate[];
}

/** What a file of a model is for. */
export type Role = keyof ModelCandidates;
/** The files that a model may lack. */
export type OptionalRole = "manifest" | "tokenizerConfig";
/** A value for each file of a model. */
export type ByRole<T> = Record<Exclude<Role, OptionalRole>, T> & { [Optional in OptionalRole]?: T | undefined };

/** The bytes of a file of a model. */
export interface ModelBlob {
  path: string;
  blob: Blob;
}

/** The bytes of the files of a model. `all` has at least its heads and the files in which `model.onnx` stores weights. */
export type ModelBlobs = ByRole<ModelBlob> & { all?: ModelBlob[] | undefined };

/** The option `cache`, resolved. */
export type CacheMode = "always" | "verified" | false;

/** A folder of a model at a URL. */
export interface FolderSource {
  from: "folder";
  candidates: ModelCandidates;
  /** The URLs of the heads by name, where bundlers may have moved them. Other heads are in `heads/`, beside `litmus.json`. */
  heads?: Record<string, string>;
  cache: CacheMode;
  /** Set when this page has stored the files in the cache. Until the page is left, it then reads them without asking the server. */
  stored?: true;
}

/** Where a thread gets a model from. */
export type ModelSource = FolderSource | { from: "files"; files: ModelBlobs };

/** Where the file of a head is in a model's folder. It is read when the head is first needed. `sha256` and `bytes` are those of litmus.json. */
export interface HeadSource extends FileCandidate {
  name: string;
  sha256?: string | undefined;
  bytes?: number | undefined;
  folder: FolderSource;
}

/** A task whose head is loaded with the model. */
export interface LoadedHead {
  name: string;
  labels: string[];
  multiLabel: boolean;
}

/** Facts about a loaded model, and its heads, that of embeddings included. */
export type ModelInfo = Omit<ClassifierInfo, "runsIn" | "memoryBytes"> & {
  heads: readonly (LoadedHead | HeadSource)[];
};

/** The facts that are known without loading the model into WebAssembly. */
export type ManifestInfo = Pick<ModelInfo, "files" | "metrics"> & { heads: readonly HeadSource[] };

/** The fields of a `LitmusError`. */
export interface Failure {
  code: LitmusErrorCode;
  message: string;
  index?: number | undefined;
  cause?: Error | undefined;
}

/** The result of one text. A text that cannot be classified does not fail the others. */
export type Outcome =
  | { prediction: Prediction }
  /** The predictions of several tasks, by task. */
  | { predictions: Record<string, Prediction> }
  | { failure: Failure };

/** The options of `predict` and `stream` that the engine needs. */
export type PredictParams = Pick<
  AnyTaskOptions & Omit<TextOptions, keyof AnyTaskOptions>,
  "task" | "tasks" | "topK" | "threshold" | "activation" | "longText" | "specialTokens" | "zeroShot"
> & {
  explain: ExplainTasksOptions | undefined;
  /** The options that the caller gave by task. tasks.ts takes them out of `threshold` and `explain.label`, which then hold for all tasks. */
  byTask?: Record<string, { threshold?: number | undefined; explainLabel?: string | undefined }> | undefined;
};

/** Head files by task. The task "" takes the place of the model's own classifier. */
export type HeadBytesByTask = Record<string, Uint8Array<ArrayBuffer>>;

/** The options of `teach` that the engine needs. */
export interface TeachParams {
  multiLabel: boolean | undefined;
  other: boolean | undefined;
}

/** The files of a taught head. */
export interface TaughtHeadFiles {
  /** The head file. */
  head: Uint8Array<ArrayBuffer>;
  /** The head file with the features of its examples, which can be taught more. */
  withExamples: Uint8Array<ArrayBuffer>;
}

/** A taught head, as the engine gives it. */
export interface Taught extends TaughtHeadFiles {
  report: TeachReport;
}

/** The options of a load that the engine needs. */
export type LoadParams = Pick<ClassifierOptions, "precision">;

/** A request to the thread that runs a model. */
export type Request =
  /** Downloads and compiles the WebAssembly module. */
  | { type: "compile"; url: string }
  /** Downloads and checks the model's files, and keeps them until `start`; with `keepToStore`, until `store`. */
  | { type: "fetch"; source: ModelSource; keepToStore: boolean }
  /** Stores the files in the browser's cache. The reply is the source from which other threads read them. */
  | { type: "store" }
  /** Loads the fetched model into WebAssembly. */
  | { type: "start"; module: WebAssembly.Module; params: LoadParams }
  /** `failFast`: the first text that cannot be read rejects the request before anything is computed. */
  | {
      type: "predict";
      texts: TextInput[];
      params: PredictParams;
      failFast: boolean;
      heads?: HeadBytesByTask | undefined;
    }
  /** Teaches a head. `head` is the file of a head that is taught more. */
  | { type: "teach"; examples: TeachEntries; params: TeachParams; head: Uint8Array<ArrayBuffer> | undefined }
  /** Computes embeddings. `heads` has their head, unless it was loaded with the model. */
  | { type: "embed"; texts: TextInput[]; heads: HeadBytesByTask | undefined }
  /** Reads the file of a head, from the cache or the network. */
  | { type: "readHead"; file: HeadSource }
  /** Describes the model. A head of the task "" takes the place of its classifier. */
  | { type: "describe"; heads?: HeadBytesByTask | undefined }
  | { type: "tokenize"; text: string };

/** The reply to each type of request. */
export interface Replies {
  compile: WebAssembly.Module;
  fetch: undefined;
  store: ModelSource;
  start: ModelInfo;
  predict: Outcome[];
  teach: Taught;
  embed: Float32Array<ArrayBuffer>[];
  readHead: Uint8Array<ArrayBuffer>;
  describe: ModelInfo;
  tokenize: Tokenization;
}

export type Reply<R extends Request> = Replies[R["type"]];

/** A listener for the progress of downloads. */
export type OnProgress = ((progress: DownloadProgress) => void) | undefined;

/** A listener for the progress of a request. */
export type Listener<R extends Request> =
  | ((progress: R extends { type: "predict" | "teach" | "embed" } ? PredictionProgress : DownloadProgress) => void)
  | undefined;

/** A message from the page to a worker. Each request has an `id` of its own. */
export type ToWorker =
  /** `report`: whether to send progress messages. */
  { type: "request"; id: number; request: Request; report: boolean } | { type: "abort"; id: number };

/** A message from a worker to the page. */
export type FromWorker =
  | { type: "ready" }
  | { type: "progress"; id: number; progress: DownloadProgress | PredictionProgress }
  | { type: "done"; id: number; value: Reply<Request>; memoryBytes: number }
  /** `crashed`: the worker cannot be used any more. */
  | { type: "failed"; id: number; failure: Failure; crashed: boolean };
