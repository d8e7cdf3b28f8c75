import { throwIfAborted } from "./abort.js";
import { LitmusError, toLitmusError, withIndex } from "./errors.js";
import type { Instance, WasmClassifier } from "./instance.js";
import { compile, type OnProgress } from "./load.js";
import { getModel, type ModelBytes } from "./model.js";
import type { Failure, FileFacts, ModelSource, Outcome, Reply, Replies, Request } from "./protocol.js";
import type { Prediction } from "./types.js";

/** The failure of a call, fit to be sent to another thread. */
export function failure(error: unknown): Failure {
  const { code, message, index, cause } = toLitmusError(error);
  return { code, message, index, cause: cause instanceof Error ? cause : undefined };
}

/** Lets what has arrived meanwhile, an abort for instance, be heard. Timers would make it wait for milliseconds. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** One model, in this thread. Answers the requests of the protocol; in a worker or called directly. */
export class Engine {
  readonly #instance: Instance;
  #files: ModelBytes | undefined;
  #facts: FileFacts = { files: [], metrics: null };
  #again: (() => Promise<ModelSource>) | undefined;
  #classifier: WasmClassifier | undefined;

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

  async answer(request: Request, signal: AbortSignal, onProgress: OnProgress): Promise<Reply<Request>> {
    throwIfAborted(signal);
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
        return this.#predict(request, signal);
      case "predictEach":
        return this.#predictEach(request, signal);
      case "tokenize":
        return this.#use((classifier) => classifier.tokenize(request.text));
    }
  }

  end(): void {
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

  async #predict({ texts, topK, stoppable }: Work, signal: AbortSignal): Promise<Prediction[]> {
    const predictions: Prediction[] = [];
    for await (const { piece, start } of pieces(texts, stoppable, signal)) {
      try {
        predictions.push(...this.#use((classifier) => classifier.predict(piece, { topK })));
      } catch (error) {
        const fault = toLitmusError(error);
        throw fault.index === undefined ? fault : withIndex(fault, start + fault.index);
      }
    }
    return predictions;
  }

  async #predictEach({ texts, topK, stoppable }: Work, signal: AbortSignal): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for await (const { piece } of pieces(texts, stoppable, signal)) outcomes.push(...this.#outcomes(piece, topK));
    return outcomes;
  }

  /** A text that cannot be read fails its batch before anything is computed: the others go again without it. */
  #outcomes(texts: string[], topK: number | undefined): Outcome[] {
    const outcomes: Outcome[] = [];
    let left = texts.map((_, index) => index);
    for (;;) {
      try {
        const batch = left.map((index) => texts[index] as string);
        const predictions = batch.length ? this.#use((classifier) => classifier.predict(batch, { topK })) : [];
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
}

type Fetch = Extract<Request, { type: "fetch" }>;
type Work = Extract<Request, { type: "predict" | "predictEach" }>;

/** The texts all at once, or one by one with a chance for an abort before each. */
async function* pieces(texts: string[], stoppable: boolean, signal: AbortSignal) {
  const step = stoppable ? 1 : texts.length;
  for (let start = 0; start < texts.length; start += step) {
    if (stoppable) await turn();
    throwIfAborted(signal);
    yield { piece: texts.slice(start, start + step), start };
  }
}
