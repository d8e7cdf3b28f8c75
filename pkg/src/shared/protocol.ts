import type { LitmusErrorCode } from "./errors.js";
import type { ClassifierInfo, ExplainOptions, Prediction, PredictProgress, Progress, TextOptions, Tokenization } from "./types.js";

// What the page and its workers say to each other. Everything in here survives a structured clone.

/** A file of a model folder: where it is, and what `litmus.json` calls it. */
export interface FileCandidate {
  path: string;
  url: string;
}

/** Where each file of a model may be: the first that is there counts. */
export interface ModelCandidates {
  config: FileCandidate[];
  tokenizer: FileCandidate[];
  model: FileCandidate[];
  manifest: FileCandidate[];
}

export type Role = keyof ModelCandidates;

/** A file of a model in hand. */
export interface ModelBlob {
  path: string;
  blob: Blob;
}

/** The files of a model in hand; `litmus.json` need not be there. */
export type ModelBlobs = Record<Exclude<Role, "manifest">, ModelBlob> & { manifest?: ModelBlob | undefined };

/** How to come by a model. */
export type ModelSource =
  /** `stored`: it was cached by this page, and its `litmus.json` holds until the page is left. */
  | { from: "folder"; places: ModelCandidates; cache: boolean; stored?: true }
  | { from: "files"; files: ModelBlobs }
  /** It is inside the WebAssembly module. */
  | { from: "module" };

/** What a model says of itself. */
export type ModelInfo = Omit<ClassifierInfo, "memoryBytes">;

/** What the files of a model say without being loaded. */
export type ManifestInfo = Pick<ModelInfo, "files" | "metrics">;

export interface Failure {
  code: LitmusErrorCode;
  message: string;
  index?: number | undefined;
  cause?: Error | undefined;
}

/** What became of one text among several that do not share their fate. */
export type Outcome = { prediction: Prediction } | { failure: Failure };

/** What is asked of whoever runs the model. */
export type Request =
  | { type: "compile"; url: string }
  /** Gets the model's files, checks them, and keeps them until `start`; if `share`, until `source`. */
  | { type: "fetch"; source: ModelSource; share: boolean }
  /** Stores what was fetched, and says how others, and the next start, come by it. */
  | { type: "source" }
  | { type: "start"; module: WebAssembly.Module }
  /** If `stoppable`, one by one, so that an abort finds at most one at work; else together, which is faster. */
  | { type: "predict"; texts: string[]; params: PredictParams; stoppable: boolean }
  | { type: "predictEach"; texts: string[]; params: PredictParams; stoppable: boolean }
  | { type: "tokenize"; text: string };

/** How to predict, as the WebAssembly side takes it. */
export type PredictParams = Pick<TextOptions, "topK" | "threshold" | "longText"> & { explain: ExplainOptions | undefined };

/** Told of the progress of a download. */
export type OnProgress = ((progress: Progress) => void) | undefined;

/** Told while a request is being answered. */
export type Listener<R extends Request> =
  | ((progress: R extends { type: "predict" } ? PredictProgress : Progress) => void)
  | undefined;

export interface Replies {
  compile: WebAssembly.Module;
  fetch: undefined;
  source: ModelSource;
  start: ModelInfo;
  predict: Prediction[];
  predictEach: Outcome[];
  tokenize: Tokenization;
}

export type Reply<R extends Request> = Replies[R["type"]];

/** From the page to a worker. An `id` is a request's, and unused before. */
export type ToWorker =
  /** `report`: whether anybody listens to the progress. */
  | { type: "request"; id: number; request: Request; report: boolean }
  | { type: "abort"; id: number };

/** From a worker to the page. */
export type FromWorker =
  | { type: "ready" }
  | { type: "progress"; id: number; progress: Progress | PredictProgress }
  | { type: "done"; id: number; value: Reply<Request>; memoryBytes: number }
  /** `crashed`: the worker is of no more use. */
  | { type: "failed"; id: number; failure: Failure; crashed: boolean };
