import { throwIfAborted, unlessAborted } from "../shared/abort.js";
import { closed, LitmusError, toLitmusError } from "../shared/errors.js";
import { asked, type Exports, type Instance, type Loaded } from "./instance.js";
import { compile } from "../model/download.js";
import { getModel, type ModelBytes } from "../model/model-files.js";
import { platform } from "../platform/platform.js";
import type { ModelInfo, Failure, ManifestInfo, Listener, ModelSource, OnProgress, Outcome, Reply, Replies, Request } from "../shared/protocol.js";
import type { Attribution, Prediction, PredictProgress, Tokenization } from "../shared/types.js";

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
  #info: ManifestInfo = { files: [], metrics: null };
  #again: (() => Promise<ModelSource>) | undefined;
  #classifier: Loaded | undefined;
  /** The place of what is being computed: of requests that compute, a thread has one at a time. */
  #work: number | undefined;

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

  /** Each type of request has a method of its name. */
  async answer(request: Request, signal: AbortSignal, listener: Listener<Request>): Promise<Reply<Request>> {
    throwIfAborted(signal);
    return this[request.type](request as never, signal, listener as never);
  }

  end(): void {
    this.#drop();
    if (this.#classifier) this.#instance.free(this.#classifier);
    this.#classifier = undefined;
  }

  compile({ url }: Of<"compile">, signal: AbortSignal, onProgress: OnProgress): Promise<WebAssembly.Module> {
    return compile(url, signal, onProgress);
  }

  async fetch({ source, share }: Of<"fetch">, signal: AbortSignal, onProgress: OnProgress): Promise<undefined> {
    const model = await getModel(source, onProgress, signal);
    this.#files = model?.files;
    if (model) this.#info = model.facts;
    this.#again = share ? model?.again : undefined;
  }

  async source(): Promise<ModelSource> {
    const again = this.#again as () => Promise<ModelSource>; // it was fetched to be shared
    this.#again = undefined; // it holds the files
    return again();
  }

  async start({ module }: Of<"start">, signal: AbortSignal): Promise<Replies["start"]> {
    const files = this.#files;
    this.#files = undefined;
    this.#classifier = await this.#instance.create(module, files);
    if (signal.aborted) this.end();
    const info = this.#use<Info>((wasm, classifier) => wasm.wasmclassifier_info(classifier));
    return { ...info, ...this.#info };
  }

  /** A text that cannot be read fails its batch before anything is computed: the others go again without it. */
  async predictEach({ texts, params, stoppable }: Of<"predictEach">, signal: AbortSignal): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    let left = texts.map((_, index) => index);
    for (;;) {
      try {
        const batch = left.map((index) => texts[index] as string);
        const predictions = await this.predict({ texts: batch, params, stoppable }, signal);
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
  async predict(
    { texts, params, stoppable }: Omit<Of<"predict">, "type">,
    signal: AbortSignal,
    onProgress?: Listener<Of<"predict">>,
  ): Promise<Prediction[]> {
    const rows = stoppable ? 1 : ROWS;
    const begin = (wasm: Exports, classifier: number) => wasm.wasmclassifier_begin(classifier, asked({ texts, how: params, rows }));
    const work = (this.#work = this.#use<number>(begin));
    try {
      for (;;) {
        const progress = this.#use<PredictProgress>((wasm) => wasm.wasmwork_progress(work));
        onProgress?.(progress);
        if (progress.done >= progress.total) break;
        if (stoppable || texts.length > 1) await unlessAborted(platform.yieldToEventLoop(), signal);
        this.#use((wasm) => wasm.wasmwork_step(work));
      }
      this.#work = undefined; // what is finished is freed, too
      const predictions = this.#use<WasmPrediction[]>((wasm) => wasm.wasmwork_finish(work));
      return predictions.map((prediction, i) => withWords(prediction, texts[i] as string));
    } finally {
      this.#drop();
    }
  }

  tokenize({ text }: Of<"tokenize">): Tokenization {
    return this.#use((wasm, classifier) => wasm.wasmclassifier_tokenize(classifier, asked(text)));
  }

  #use<T>(ask: (wasm: Exports, classifier: number) => unknown): T {
    if (!this.#classifier) throw closed();
    if (this.broken) throw new LitmusError("internal", "the WebAssembly instance has crashed");
    return this.#instance.use(this.#classifier, ask);
  }

  #drop(): void {
    const work = this.#work;
    this.#work = undefined;
    // What an instance held that crashed is gone with it.
    if (work && !this.broken) this.#use((wasm) => wasm.__wbg_wasmwork_free(work, 0));
  }
}

/** What a model says of itself when it is loaded. */
type Info = Omit<ModelInfo, keyof ManifestInfo>;

/** Without the words themselves: only JavaScript has the string as it was given, lone surrogates and all. */
type WasmPrediction = Omit<Prediction, "attributions"> & { attributions: Omit<Attribution, "text">[] | null };

function withWords(prediction: WasmPrediction, text: string): Prediction {
  const word = ({ start, end, weight }: Omit<Attribution, "text">) => ({ start, end, text: text.slice(start, end), weight });
  return { ...prediction, attributions: prediction.attributions?.map(word) ?? null };
}

type Of<Type extends Request["type"]> = Extract<Request, { type: Type }>;
