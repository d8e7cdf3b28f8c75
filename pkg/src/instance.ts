import { toLitmusError, type LitmusError } from "./errors.js";
import type { ModelBytes } from "./model.js";
import type { Facts, FileFacts, How } from "./protocol.js";
import type { Attribution, Prediction, Tokenization } from "./types.js";

/** What the WebAssembly side gives. */
export interface WasmClassifier {
  /** Reads the texts, to compute them in batches of so many rows. */
  begin(texts: string[], how: How, rows: number): WasmWork;
  tokenize(text: string): Tokenization;
  readonly info: Omit<Facts, keyof FileFacts>;
  free(): void;
}

/** Predictions in the making. */
export interface WasmWork {
  /** Computes the next batch, if there is one; whether there are more. */
  step(): boolean;
  /** Rows computed, and how many there are. */
  readonly done: number;
  readonly total: number;
  /** Frees it, too. */
  finish(): WasmPrediction[];
  free(): void;
}

/** Without the words themselves: only JavaScript has the string as it was given, lone surrogates and all. */
export type WasmPrediction = Omit<Prediction, "attributions"> & { attributions: Omit<Attribution, "text">[] | null };

/** The JavaScript that wasm-bindgen made for a build: it has one instance of it in each thread. */
export interface Glue {
  /** Instantiates the module at the first call; later ones give what is there. */
  init(module: WebAssembly.Module): Promise<{ memory: WebAssembly.Memory }>;
  /** Replaces the instance by a fresh one. */
  reset(): void;
  create(files: ModelBytes | undefined): WasmClassifier;
}

/** The WebAssembly instance of this thread, and the classifiers in it. */
export class Instance {
  readonly #glue: Glue;
  readonly #classifiers = new Set<WasmClassifier>();
  #memory: WebAssembly.Memory | undefined;

  constructor(glue: Glue) {
    this.#glue = glue;
  }

  get memoryBytes(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  async create(module: WebAssembly.Module, files: ModelBytes | undefined): Promise<WasmClassifier> {
    this.#memory = (await this.#glue.init(module)).memory;
    const classifier = this.#call(() => this.#glue.create(files));
    this.#classifiers.add(classifier);
    return classifier;
  }

  /** Whether the classifier is gone: an instance that crashed takes all of its classifiers with it. */
  has(classifier: WasmClassifier): boolean {
    return this.#classifiers.has(classifier);
  }

  use<T>(classifier: WasmClassifier, work: (classifier: WasmClassifier) => T): T {
    return this.#call(() => work(classifier));
  }

  free(classifier: WasmClassifier): void {
    if (!this.#classifiers.delete(classifier)) return;
    classifier.free();
    // Memory that has grown never shrinks: it goes with its instance.
    if (this.#classifiers.size === 0) this.#renew();
  }

  #call<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#judge(error);
    }
  }

  /** Errors that WebAssembly returns have a code. Any other is a trap, after which nothing in its memory is sure. */
  #judge(error: unknown): LitmusError {
    if ((error as { code?: unknown })?.code === undefined) this.#renew();
    return toLitmusError(error);
  }

  #renew(): void {
    this.#classifiers.clear();
    this.#glue.reset();
    this.#memory = undefined;
  }
}
