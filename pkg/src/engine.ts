import { throwIfAborted, unlessAborted } from "./abort.js";
import { LitmusError, toLitmusError } from "./errors.js";
import type { Instance, WasmClassifier, WasmPrediction, WasmWork } from "./instance.js";
import { compile, platform, type OnProgress } from "./load.js";
import { getModel, type ModelBytes } from "./model.js";
import type { Failure, FileFacts, How, Listener, ModelSource, Outcome, Reply, Replies, Request } from "./protocol.js";
import type { Attribution, Prediction } from "./types.js";

/** Most texts, windows or variants that are computed at once. */
const ROWS = 32;

/** The failure of a call, fit to be sent to another thread. */
export function failure(error: unknown): Failure {
  const { code, message, index, cause } = toLitmusError(error);
  return { code, message, index, cause: cause instanceof Error ? cause : undefined };
}

/** One model, in this thread. Answers the requests of the protocol; in a worker or called directly. */
export class Engine {
  readonly #instance: Instance;
  #files: ModelBytes | undefined;
  #facts: FileFacts = { files: [], metrics: null };
  #again: (() => Promise<ModelSource>) | undefined;
  #classifier: WasmClassifier | undefined;
  /** What is being computed: of requests that compute, a thread has one at a time. */
  #work: WasmWork | undefined;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Whether it had a model and lost it in a crash. */
  get broken(): boolean {
    return this.#classifier !== undefined && !this.#instance.has(this.#classifier);
  }

  get memoryBytes(): number {
    return this.#instance.memoryBytes;
  }

  async answer(request: Request, signal: AbortSignal, listener: Listener<Request>): Promise<Reply<Request>> {
    throwIfAborted(signal);
    const onProgress = listener as OnProgress; // of the requests that load
    switch (request.type) {
      case "compile":
        return compile(new URL(request.url), request.report ? onProgress : undefined, signal);
      case "fetch":
        return this.#fetch(request, signal, onProgress);
      case "source":
        return this.#store();
      case "start":
        return this.#start(request.module, signal);
      case "predict":
        return this.#predict(request, signal, listener as Listener<Predict>);
      case "predictEach":
        return this.#predictEach(request, signal);
      case "tokenize":
        return this.#use((classifier) => classifier.tokenize(request.text));
    }
  }

  end(): void {
    this.#drop();
    if (this.#classifier) this.#instance.free(this.#classifier);
    this.#classifier = undefined;
  }

  async #fetch({ source, share, report }: Fetch, signal: AbortSignal, onProgress: OnProgress): Promise<undefined> {
    const model = await getModel(source, report ? onProgress : undefined, signal);
    this.#files = model?.files;
    if (model) this.#facts = model.facts;
    this.#again = share ? model?.again : undefined;
  }

  async #store(): Promise<ModelSource> {
    const again = this.#again;
    this.#again = undefined; // it holds the files
    if (!again) throw new LitmusError("internal", "nothing was fetched to be shared");
    return again();
  }

  async #start(module: WebAssembly.Module, signal: AbortSignal): Promise<Replies["start"]> {
    const files = this.#files;
    this.#files = undefined;
    this.#classifier = await this.#instance.create(module, files);
    if (signal.aborted) this.end();
    return { ...this.#use((classifier) => classifier.info), ...this.#facts };
  }

  #use<T>(work: (classifier: WasmClassifier) => T): T {
    if (!this.#classifier) throw new LitmusError("closed", "the classifier is closed");
    if (this.broken) throw new LitmusError("internal", "the WebAssembly instance has crashed");
    return this.#instance.use(this.#classifier, work);
  }

  async #predict({ texts, how, stoppable, report }: Predict, signal: AbortSignal, listener: Listener<Predict>) {
    return this.#compute(texts, how, stoppable, signal, report ? listener : undefined);
  }

  /** A text that cannot be read fails its batch before anything is computed: the others go again without it. */
  async #predictEach({ texts, how, stoppable }: PredictEach, signal: AbortSignal): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    let left = texts.map((_, index) => index);
    for (;;) {
      try {
        const batch = left.map((index) => texts[index] as string);
        const predictions = await this.#compute(batch, how, stoppable, signal, undefined);
        for (const [i, prediction] of predictions.entries()) outcomes[left[i] as number] = { prediction };
        return outcomes;
      } catch (error) {
        const { index } = toLitmusError(error);
        if (index === undefined) throw error;
        outcomes[left[index] as number] = { failure: failure(error) };
        left = left.filter((_, i) => i !== index);
      }
    }
  }

  /** In batches, or one by one with a chance for an abort before each; on the thread that asks, others get turns between. */
  async #compute(
    texts: string[],
    how: How,
    stoppable: boolean,
    signal: AbortSignal,
    onProgress: Listener<Predict>,
  ): Promise<Prediction[]> {
    const work = (this.#work = this.#use((classifier) => classifier.begin(texts, how, stoppable ? 1 : ROWS)));
    try {
      for (let more = true; more; ) {
        onProgress?.({ done: work.done, total: work.total });
        if (stoppable || texts.length > 1) await unlessAborted(platform.turn(), signal);
        more = this.#use(() => work.step());
      }
      onProgress?.({ done: work.done, total: work.total });
      this.#work = undefined;
      return this.#use(() => work.finish()).map((prediction, i) => withWords(prediction, texts[i] as string));
    } finally {
      this.#drop();
    }
  }

  #drop(): void {
    // What an instance held that crashed is gone with it.
    if (this.#work && !this.broken) this.#work.free();
    this.#work = undefined;
  }
}

function withWords(prediction: WasmPrediction, text: string): Prediction {
  const word = ({ start, end, weight }: Omit<Attribution, "text">) => ({ start, end, text: text.slice(start, end), weight });
  return { ...prediction, attributions: prediction.attributions && prediction.attributions.map(word) };
}

type Fetch = Extract<Request, { type: "fetch" }>;
type Predict = Extract<Request, { type: "predict" }>;
type PredictEach = Extract<Request, { type: "predictEach" }>;
