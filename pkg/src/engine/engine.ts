import type { Classifier, Job, JobRequest } from "../../wasm/litmus_text.js";
import { compile } from "../model/download.js";
import { EMBEDDING } from "../model/heads.js";
import { readHeadFile, readModel } from "../model/model-files.js";
import { platform } from "../platform/platform.js";
import { throwIfAborted, unlessAborted } from "../shared/abort.js";
import { closedError, toLitmusError } from "../shared/errors.js";
import type {
  Failure,
  Listener,
  ManifestInfo,
  ModelInfo,
  ModelSource,
  OnProgress,
  Outcome,
  Replies,
  Reply,
  Request,
  Taught,
} from "../shared/protocol.js";
import type { Prediction, PredictionProgress, TextInput, Tokenization } from "../shared/types.js";
import { type FileBytes, LoadedModel, memoryBytes } from "./instance.js";

/** Converts an error to an object that can be sent to another thread. */
export function toFailure(error: unknown): Failure {
  const { code, message, index, cause } = toLitmusError(error);
  return { code, message, index, cause: cause instanceof Error ? cause : undefined };
}

/** Answers the requests of the protocol with one model, in this thread. */
export class Engine {
  /** The files that are downloaded and not loaded yet. */
  #files: FileBytes | undefined;
  #manifestInfo: ManifestInfo = { files: [], metrics: null, heads: [] };
  #storeFiles: (() => Promise<ModelSource>) | undefined;
  #model: LoadedModel | undefined;
  /** The running job. There is at most one, because the pool gives a thread one request at a time. */
  #job: Job | undefined;

  /** Whether the model was loaded and then lost in a crash. */
  get broken(): boolean {
    return this.#model?.lost ?? false;
  }

  /** The size of this thread's WebAssembly memory in bytes. */
  get memoryBytes(): number {
    return memoryBytes();
  }

  /** Answers a request by the method that has the name of the request's type. Rejects if `signal` is aborted. */
  async answer(request: Request, signal: AbortSignal, listener: Listener<Request>): Promise<Reply<Request>> {
    throwIfAborted(signal);
    return this[request.type](request as never, signal, listener as never);
  }

  /** Frees the model and the running job. Requests after this one reject with `closed`. */
  end(): void {
    this.#freeJob();
    this.#model?.free();
    this.#model = undefined;
  }

  compile({ url }: RequestOf<"compile">, signal: AbortSignal, onProgress: OnProgress): Promise<WebAssembly.Module> {
    return compile(url, signal, onProgress);
  }

  async fetch(
    { source, keepToStore }: RequestOf<"fetch">,
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<undefined> {
    const { files, info, storeFiles } = await readModel(source, onProgress, signal);
    this.#files = files;
    this.#manifestInfo = info;
    this.#storeFiles = keepToStore ? storeFiles : undefined;
  }

  async store(): Promise<ModelSource> {
    const storeFiles = this.#storeFiles as () => Promise<ModelSource>; // `fetch` came before, with `keepToStore`
    this.#storeFiles = undefined; // the function holds the files, which would stay in memory
    return storeFiles();
  }

  start({ module, params }: RequestOf<"start">): ModelInfo {
    const files = this.#files as FileBytes; // `fetch` came before
    this.#files = undefined;
    this.#model = LoadedModel.load(module, files, params);
    return this.describe({ type: "describe" });
  }

  async predict(request: RequestOf<"predict">, signal: AbortSignal, onProgress: OnJobProgress): Promise<Outcome[]> {
    const outcomes = (await this.#compute(request, signal, onProgress)) as Outcome[];
    for (const [i, outcome] of outcomes.entries()) addWords(outcome, request.texts[i] as TextInput);
    return outcomes;
  }

  teach(request: RequestOf<"teach">, signal: AbortSignal, onProgress: OnJobProgress): Promise<Taught> {
    return this.#compute(request, signal, onProgress) as Promise<Taught>;
  }

  embed(request: RequestOf<"embed">, signal: AbortSignal, onProgress: OnJobProgress): Promise<Replies["embed"]> {
    return this.#compute(request, signal, onProgress) as Promise<Replies["embed"]>;
  }

  readHead({ file }: RequestOf<"readHead">, signal: AbortSignal): Promise<Replies["readHead"]> {
    return readHeadFile(file, signal);
  }

  describe({ heads }: RequestOf<"describe">): ModelInfo {
    const { tasks: loaded = [], ...info } = this.#run((classifier) => classifier.info(heads));
    const all = [...loaded, ...this.#manifestInfo.heads];
    const tasks = all.map(({ name }) => name).filter((name) => name !== EMBEDDING);
    return { ...info, ...this.#manifestInfo, heads: all, tasks };
  }

  tokenize({ text }: RequestOf<"tokenize">): Tokenization {
    return this.#run((classifier) => classifier.tokenize(text));
  }

  /** Computes a job step by step, and yields to the event loop between the steps, so that an abort can arrive. */
  async #compute(
    request: RequestOf<"predict" | "teach" | "embed">,
    signal: AbortSignal,
    onProgress: OnJobProgress,
  ): Promise<ReturnType<Job["finish"]>> {
    const job = this.#run((classifier) => classifier.job(request as JobRequest));
    this.#job = job;
    try {
      for (;;) {
        const { done, total } = this.#run(() => ({ done: job.done, total: job.total }));
        onProgress?.({ done, total });
        if (done >= total) break;
        if (done > 0) await unlessAborted(platform.yieldToEventLoop(), signal);
        this.#run(() => job.step());
      }
      this.#job = undefined; // `finish` frees it
      return this.#run(() => job.finish());
    } finally {
      this.#freeJob();
    }
  }

  #run<T>(work: (classifier: Classifier) => T): T {
    if (!this.#model) throw closedError();
    return this.#model.run(work);
  }

  #freeJob(): void {
    const job = this.#job;
    this.#job = undefined;
    // After a crash, the job is gone with its instance.
    if (job && !this.#model?.lost) this.#run(() => job.free());
  }
}

/** Adds the words to explanations. Rust cannot do it: it has no string with lone surrogates, as the caller's may have. */
function addWords(outcome: Outcome, input: TextInput): void {
  const text = typeof input === "string" ? input : input.text;
  for (const { attributions } of predictionsOf(outcome)) {
    for (const word of attributions ?? []) Object.assign(word, { text: text.slice(word.start, word.end) });
  }
}

function predictionsOf(outcome: Outcome): Prediction[] {
  if ("prediction" in outcome) return [outcome.prediction];
  return "predictions" in outcome ? Object.values(outcome.predictions) : [];
}

type OnJobProgress = ((progress: PredictionProgress) => void) | undefined;

type RequestOf<Type extends Request["type"]> = Extract<Request, { type: Type }>;
