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

/** A build of the crate, running. */
export interface Running {
  readonly memory: WebAssembly.Memory;
  create(files: ModelBytes | undefined): WasmClassifier;
}

/** The WebAssembly instance of this thread, and the classifiers in it. */
export class Instance {
  readonly #start: (module: WebAssembly.Module) => Promise<Running>;
  readonly #classifiers = new Set<WasmClassifier>();
  #starting: Promise<Running> | undefined;
  #running: Running | undefined;

  /** `start` gives a fresh instance at each call. */
  constructor(start: (module: WebAssembly.Module) => Promise<Running>) {
    this.#start = start;
  }

  get memoryBytes(): number {
    return this.#running?.memory.buffer.byteLength ?? 0;
  }

  async create(module: WebAssembly.Module, files: ModelBytes | undefined): Promise<WasmClassifier> {
    const starting = (this.#starting ??= this.#start(module));
    const running = await starting.catch((error) => {
      throw this.#judge(error);
    });
    // It can have crashed meanwhile.
    if (starting !== this.#starting) return this.create(module, files);
    this.#running = running;
    const classifier = this.#call(() => running.create(files));
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

  /** Errors that WebAssembly returns have a code. After any other, a trap, or want of memory, nothing in there is sure. */
  #judge(error: unknown): LitmusError {
    const { code, fatal } = Object(error) as { code?: unknown; fatal?: unknown };
    if (code === undefined || fatal) this.#renew();
    return toLitmusError(error);
  }

  #renew(): void {
    this.#classifiers.clear();
    this.#starting = this.#running = undefined;
  }
}
