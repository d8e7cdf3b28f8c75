/// <reference lib="esnext.disposable" preserve="true" />
import { LitmusError, toLitmusError } from "./errors.js";
import { checkPredictOptions, checkText, checkTexts } from "./input.js";
import type { ClassifierInfo, Prediction, PredictOptions, Tokenization } from "./types.js";

/**
 * What the wasm side gives; the plain and the embedded build have a class of this shape each.
 * @internal
 */
export interface WasmClassifier {
  predict(texts: string[], options: PredictOptions | undefined): Prediction[];
  tokenize(text: string): Tokenization;
  readonly info: Omit<ClassifierInfo, "memoryBytes">;
  free(): void;
}

/**
 * A model, loaded and ready. Every method rejects with a {@link LitmusError}, `closed` after
 * `close()`. `using` and `await using` close it where the runtime knows them.
 */
export class Classifier implements Disposable, AsyncDisposable {
  declare readonly [Symbol.dispose]: () => void;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  #wasm: WasmClassifier | undefined;
  readonly #memory: WebAssembly.Memory;
  readonly #facts: Omit<ClassifierInfo, "memoryBytes">;

  /** @internal */
  constructor(wasm: WasmClassifier, memory: WebAssembly.Memory) {
    this.#wasm = wasm;
    this.#memory = memory;
    this.#facts = wasm.info;
  }

  /** The model's labels, in its own order. */
  get labels(): readonly string[] {
    return this.#facts.labels;
  }

  /** Facts about the model, and the memory in use now. */
  get info(): ClassifierInfo {
    return { ...this.#facts, memoryBytes: this.#memory.buffer.byteLength };
  }

  /**
   * Classifies one text.
   * @throws LitmusError `invalid-input`, `empty-text`, `closed`
   */
  predict(text: string, options?: PredictOptions): Promise<Prediction>;
  /**
   * Classifies each text; the results come in the order of the texts. One bad text rejects the
   * whole call, with its `index` in the error.
   * @throws LitmusError `invalid-input`, `empty-text`, `closed`
   */
  predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
  async predict(texts: string | readonly string[], options?: PredictOptions): Promise<Prediction | Prediction[]> {
    checkTexts(texts);
    checkPredictOptions(options);
    if (typeof texts === "string") {
      try {
        return this.#call((wasm) => wasm.predict([texts], options))[0] as Prediction;
      } catch (error) {
        // The caller gave no array, so an index would point at nothing.
        const { code, message, cause } = toLitmusError(error);
        throw new LitmusError(code, message, { cause });
      }
    }
    return this.#call((wasm) => (texts.length === 0 ? [] : wasm.predict([...texts], options)));
  }

  /**
   * Cuts a text into the tokens that `predict` reads, at most `info.maxTokens`.
   * @throws LitmusError `invalid-input`, `empty-text`, `closed`
   */
  async tokenize(text: string): Promise<Tokenization> {
    checkText(text);
    return this.#call((wasm) => wasm.tokenize(text));
  }

  /** Gives the model's memory back. Closing twice does no harm. */
  close(): void {
    this.#wasm?.free();
    this.#wasm = undefined;
  }

  #call<T>(work: (wasm: WasmClassifier) => T): T {
    if (!this.#wasm) throw new LitmusError("closed", "the classifier is closed");
    try {
      return work(this.#wasm);
    } catch (error) {
      throw toLitmusError(error);
    }
  }
}

// Safari has no Symbol.dispose yet; a plain class member would then be a method named "undefined".
if (Symbol.dispose) {
  Object.defineProperty(Classifier.prototype, Symbol.dispose, {
    value(this: Classifier) {
      this.close();
    },
  });
}
if (Symbol.asyncDispose) {
  Object.defineProperty(Classifier.prototype, Symbol.asyncDispose, {
    async value(this: Classifier) {
      this.close();
    },
  });
}

/** Shared by the `predict` functions of the entry points: checks first, so that a bad call loads nothing. */
export async function predictWith(
  classifier: () => Promise<Classifier>,
  texts: string | readonly string[],
  options: PredictOptions | undefined,
): Promise<Prediction | Prediction[]> {
  checkTexts(texts);
  checkPredictOptions(options);
  const loaded = await classifier();
  return typeof texts === "string" ? loaded.predict(texts, options) : loaded.predict(texts, options);
}

