import { LitmusError } from "../shared/errors.js";
import type { ModelBytes } from "../model/model-files.js";

/** What the instance exports, src/wasm.rs: a function answers with JSON, or with the place of what it has made. */
export interface Exports {
  readonly memory: WebAssembly.Memory;
  wasmclassifier_new(config: Uint8Array, tokenizer: Uint8Array, model: Uint8Array, manifest: Uint8Array | undefined): number;
  wasmclassifier_info(classifier: number): string;
  wasmclassifier_begin(classifier: number, asked: Uint8Array): number;
  wasmclassifier_tokenize(classifier: number, asked: Uint8Array): string;
  wasmwork_progress(work: number): string;
  wasmwork_step(work: number): string;
  /** Frees it, too. */
  wasmwork_finish(work: number): string;
  __wbg_wasmclassifier_free(classifier: number, unused: 0): void;
  __wbg_wasmwork_free(work: number, unused: 0): void;
}

/** A build of the crate. */
export interface Build<Wasm extends Exports = Exports> {
  instantiate(module: WebAssembly.Module, link: typeof linkKernel): Promise<Wasm>;
  /** Loads a model, and gives its place. */
  load(wasm: Wasm, files: ModelBytes | undefined): number;
}

/** A classifier in an instance. Of places, each instance has the same. */
export interface Loaded {
  readonly place: number;
}

/**
 * Puts a kernel, a module of its own, into the memory and the table of an instance: src/kernels/relaxed.rs. Returns its
 * place in the table, or 0 where there is no relaxed SIMD or no module may be compiled from bytes.
 */
function linkKernel(kernel: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory, table: WebAssembly.Table): number {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(kernel), { env: { memory } });
    const place = table.grow(1);
    table.set(place, exports["sums"]);
    return place;
  } catch {
    return 0;
  }
}

/** What an instance is asked, as it reads that. Rust's strings cannot hold half a surrogate pair. */
export function asked(value: unknown): Uint8Array {
  const whole = (_: string, value: unknown) => (typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\ufffd") : value);
  return new TextEncoder().encode(JSON.stringify(value, whole));
}

/** The WebAssembly instance of this thread, and the classifiers in it. */
export class Instance {
  readonly #build: Build;
  readonly #classifiers = new Set<Loaded>();
  #starting: Promise<Exports> | undefined;
  #wasm: Exports | undefined;

  constructor(build: Build) {
    this.#build = build;
  }

  get memoryBytes(): number {
    return this.#wasm?.memory.buffer.byteLength ?? 0;
  }

  /** Loads a model. If it cannot be loaded, that is what it answers. */
  async create(module: WebAssembly.Module, files: ModelBytes | undefined): Promise<Loaded> {
    const starting = (this.#starting ??= this.#build.instantiate(module, linkKernel));
    const wasm = await starting.catch((error: unknown) => {
      this.#renew();
      throw error;
    });
    // It can have crashed meanwhile.
    if (starting !== this.#starting) return this.create(module, files);
    this.#wasm = wasm;
    const classifier = { place: this.#answer<number>(() => this.#build.load(wasm, files)) };
    this.#classifiers.add(classifier);
    return classifier;
  }

  /** Whether the classifier is gone: an instance that crashed takes all of its classifiers with it. */
  has(classifier: Loaded): boolean {
    return this.#classifiers.has(classifier);
  }

  /** What is answered to a question about a classifier that is there. */
  use<T>({ place }: Loaded, ask: (wasm: Exports, place: number) => unknown): T {
    return this.#answer(() => ask(this.#wasm as Exports, place));
  }

  free(classifier: Loaded): void {
    if (!this.#classifiers.delete(classifier)) return;
    this.use(classifier, (wasm, place) => wasm.__wbg_wasmclassifier_free(place, 0));
    // Memory that has grown never shrinks: it goes with its instance.
    if (this.#classifiers.size === 0) this.#renew();
  }

  #answer<T>(ask: () => unknown): T {
    let answer;
    try {
      answer = JSON.parse((ask() ?? null) as string);
    } catch (error) {
      // After a trap, or want of memory, nothing in there is sure. Only the latter says what it is, as an answer does.
      this.#renew();
      if (typeof error !== "string") throw error;
      answer = JSON.parse(error);
    }
    if (answer?.code) throw new LitmusError(answer.code, answer.message, answer);
    return answer;
  }

  #renew(): void {
    this.#classifiers.clear();
    this.#starting = this.#wasm = undefined;
  }
}
