import type {
  Classifier,
  Job,
  JobOptions,
  TasksOutcome,
  Outcome as WasmOutcome,
  Prediction as WasmPrediction,
} from "../../wasm/litmus_text.js";
import { compile } from "../model/download.js";
import { EMBEDDING, headName, isHead } from "../model/heads.js";
import { type ModelBytes, readHead, readModel } from "../model/model-files.js";
import { platform } from "../platform/platform.js";
import { throwIfAborted, unlessAborted } from "../shared/abort.js";
import { closedError, toLitmusError } from "../shared/errors.js";
import type {
  Failure,
  Listener,
  ManifestInfo,
  ModelBlobs,
  ModelInfo,
  ModelSource,
  OnProgress,
  Outcome,
  Replies,
  Reply,
  Request,
  Role,
  Taught,
} from "../shared/protocol.js";
import type { Prediction, TextInput, Tokenization } from "../shared/types.js";
import { openEmbedded } from "./embedded-file.js";
import { type FileBytes, LoadedModel, memoryBytes } from "./instance.js";

/** The name under which WebAssembly expects the file of each role. */
const FILE_NAMES: Record<Role, string> = {
  config: "config.json",
  tokenizer: "tokenizer.json",
  tokenizerConfig: "tokenizer_config.json",
  model: "model.onnx",
  manifest: "litmus.json",
};

const ROLES = Object.keys(FILE_NAMES) as Role[];

/** The failure of a call, fit to be sent to another thread. */
export function failure(error: unknown): Failure {
  const { code, message, index, cause } = toLitmusError(error);
  return { code, message, index, cause: cause instanceof Error ? cause : undefined };
}

/** Answers the requests of the protocol with one model, in this thread. */
export class Engine {
  /** Downloaded, and not loaded yet. */
  #files: FileBytes | undefined;
  #manifestInfo: ManifestInfo = { files: [], metrics: null, heads: [] };
  #storeFiles: (() => Promise<ModelSource>) | undefined;
  #model: LoadedModel | undefined;
  /** The running job: a thread computes one request at a time. */
  #job: Job | undefined;

  /** Whether the model was loaded and then lost in a crash. */
  get broken(): boolean {
    return this.#model?.lost ?? false;
  }

  get memoryBytes(): number {
    return memoryBytes();
  }

  /** Answers a request. There is a method for each type of request. */
  async answer(request: Request, signal: AbortSignal, listener: Listener<Request>): Promise<Reply<Request>> {
    throwIfAborted(signal);
    return this[request.type](request as never, signal, listener as never);
  }

  end(): void {
    this.#freeJob();
    this.#model?.free();
    this.#model = undefined;
  }

  compile({ url }: Of<"compile">, signal: AbortSignal, onProgress: OnProgress): Promise<WebAssembly.Module> {
    return compile(url, signal, onProgress);
  }

  async unpack({ url }: Of<"unpack">, signal: AbortSignal, onProgress: OnProgress): Promise<Replies["unpack"]> {
    const { module, files } = await openEmbedded(url, signal, onProgress);
    this.#files = files;
    return { module, source: { from: "files", files: toBlobs(files) } };
  }

  async fetch({ source, keepForSource }: Of<"fetch">, signal: AbortSignal, onProgress: OnProgress): Promise<undefined> {
    const { files, others, info, storeFiles } = await readModel(source, onProgress, signal);
    this.#files = { ...others, ...byName(files) };
    this.#manifestInfo = info;
    this.#storeFiles = keepForSource ? storeFiles : undefined;
  }

  async source(): Promise<ModelSource> {
    const storeFiles = this.#storeFiles as () => Promise<ModelSource>; // `fetch` came before, with `keepForSource`
    this.#storeFiles = undefined; // it holds the files
    return storeFiles();
  }

  async start({ module, params }: Of<"start">, signal: AbortSignal): Promise<Replies["start"]> {
    const files = this.#files as FileBytes; // `fetch` or `unpack` came before
    this.#files = undefined;
    this.#model = await LoadedModel.load(module, files, params);
    if (signal.aborted) this.end();
    return this.describe({ type: "describe" });
  }

  async predict(
    { texts, params, failFast, heads }: Of<"predict">,
    signal: AbortSignal,
    onProgress: Listener<Of<"predict">>,
  ): Promise<Outcome[]> {
    const job = this.#run((classifier) => classifier.job(texts, params as JobOptions, heads));
    const outcomes = (await this.#compute(job, signal, onProgress, failFast)) as (WasmOutcome | TasksOutcome)[];
    for (const [i, outcome] of outcomes.entries()) {
      if ("prediction" in outcome) addWords(outcome.prediction, texts[i] as TextInput);
      if ("predictions" in outcome)
        for (const prediction of Object.values(outcome.predictions)) addWords(prediction, texts[i] as TextInput);
    }
    return outcomes as Outcome[];
  }

  async teach(
    { examples, params, head }: Of<"teach">,
    signal: AbortSignal,
    onProgress: Listener<Of<"teach">>,
  ): Promise<Taught> {
    const job = this.#run((classifier) => classifier.teachingJob(examples, params, head));
    return (await this.#compute(job, signal, onProgress, true)) as Taught;
  }

  async embed(
    { texts, heads }: Of<"embed">,
    signal: AbortSignal,
    onProgress: Listener<Of<"embed">>,
  ): Promise<Replies["embed"]> {
    const job = this.#run((classifier) => classifier.embeddingJob(texts, heads));
    return (await this.#compute(job, signal, onProgress, true)) as Replies["embed"];
  }

  head({ file }: Of<"head">, signal: AbortSignal): Promise<Replies["head"]> {
    return readHead(file, signal);
  }

  describe({ heads, task }: Of<"describe">): ModelInfo {
    const info = this.#run((classifier) => classifier.info(heads));
    const loaded = info.tasks ?? [];
    const { labels, multiLabel } = loaded.find(({ name }) => name === task) ?? info;
    const names = [...loaded.map(({ name }) => name), ...this.#manifestInfo.heads.map(({ path }) => headName(path))];
    return {
      ...info,
      ...(labels !== info.labels && { labels, multiLabel, activation: multiLabel ? "sigmoid" : "softmax" }),
      ...this.#manifestInfo,
      tasks: [...new Set(names)].filter((name) => name !== EMBEDDING),
    };
  }

  /**
   * Computes a job in small steps, and yields to the event loop between them, so that an abort can arrive. `failFast`: the
   * first text that cannot be read rejects before anything is computed.
   */
  async #compute(
    job: Job,
    signal: AbortSignal,
    onProgress: Listener<Of<"predict">>,
    failFast: boolean,
  ): Promise<ReturnType<Job["finish"]>> {
    this.#job = job;
    try {
      if (failFast) this.#run(() => job.check());
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

  tokenize({ text }: Of<"tokenize">): Tokenization {
    return this.#run((classifier) => classifier.tokenize(text));
  }

  #run<T>(work: (classifier: Classifier) => T): T {
    if (!this.#model) throw closedError();
    return this.#model.run(work);
  }

  #freeJob(): void {
    const job = this.#job;
    this.#job = undefined;
    // A lost job went with its instance.
    if (job && !this.#model?.lost) this.#run(() => job.free());
  }
}

const byName = (files: ModelBytes): FileBytes =>
  Object.fromEntries(ROLES.flatMap((role) => (files[role] ? [[FILE_NAMES[role], files[role]]] : [])));

/** The files as blobs, which other threads can read without a copy in this one's memory. */
function toBlobs(files: FileBytes): ModelBlobs {
  const blob = (path: string) => ({ path, blob: new Blob([files[path] as Uint8Array<ArrayBuffer>]) });
  const roles = ROLES.filter((role) => files[FILE_NAMES[role]]);
  const byRole = Object.fromEntries(roles.map((role) => [role, blob(FILE_NAMES[role])]));
  return { ...byRole, heads: Object.keys(files).filter(isHead).map(blob) } as ModelBlobs;
}

/** Adds the words themselves: only JavaScript has the string as it was given, with any lone surrogates. */
function addWords({ attributions }: Prediction | WasmPrediction, input: TextInput): void {
  const text = typeof input === "string" ? input : input.text;
  for (const word of attributions ?? []) Object.assign(word, { text: text.slice(word.start, word.end) });
}

type Of<Type extends Request["type"]> = Extract<Request, { type: Type }>;
