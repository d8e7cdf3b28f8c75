import {
  type BoundaryError,
  Classifier,
  initSync,
  __wbg_reset_state as resetGlue,
  memoryBytes as wasmMemoryBytes,
} from "../../wasm/litmus_text.js";
import { LitmusError } from "../shared/errors.js";
import type { LoadParams } from "../shared/protocol.js";

/** The bytes of a model's files, by their names in a model folder. */
export type FileBytes = Record<string, Uint8Array<ArrayBuffer>>;

// The generated JavaScript holds one WebAssembly instance for each thread. After a trap, the state of the instance is unknown,
// so it is replaced: every model that was loaded into it is lost, and the pool loads it again for the next call.

/** The models in the current instance. */
const models = new Set<LoadedModel>();
let started = false;
/** Set after a replacement that failed, for example because there was no memory for a new instance. */
let replacementDue = false;

/** Size of this thread's WebAssembly memory in bytes. */
export function memoryBytes(): number {
  return started && !replacementDue ? wasmMemoryBytes() : 0;
}

/** A model in this thread's WebAssembly instance. */
export class LoadedModel {
  readonly #classifier: Classifier;

  private constructor(classifier: Classifier) {
    this.#classifier = classifier;
  }

  /** Loads a model. `module` is only used for the first model of the thread. */
  static async load(module: WebAssembly.Module, files: FileBytes, params: LoadParams): Promise<LoadedModel> {
    // Synchronous, as the replacement after a crash is. On a page's main thread Chromium allows that up to 8 MiB.
    initSync({ module });
    started = true;
    if (replacementDue) replaceInstance();
    const model = new LoadedModel(guarded(() => new Classifier(files, params)));
    models.add(model);
    return model;
  }

  /** Whether the instance that held the model has crashed. */
  get lost(): boolean {
    return !models.has(this);
  }

  /** Runs `work` inside WebAssembly. Throws a {@link LitmusError}; after anything else, the model is lost. */
  run<T>(work: (classifier: Classifier) => T): T {
    if (this.lost) throw new LitmusError("internal", "the WebAssembly instance has crashed");
    return guarded(() => work(this.#classifier));
  }

  /** Frees the model. WebAssembly memory never shrinks, so after the last one the instance is replaced. */
  free(): void {
    if (this.lost) return;
    this.run((classifier) => classifier.free());
    models.delete(this);
    if (models.size === 0) tryToReplaceInstance();
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const known = isBoundaryError(error);
    if (!known || error.fatal) tryToReplaceInstance();
    throw known ? new LitmusError(error.code, error.message, error) : error;
  }
}

function isBoundaryError(error: unknown): error is BoundaryError {
  return error instanceof Error && error.name === "BoundaryError";
}

function tryToReplaceInstance(): void {
  models.clear();
  try {
    replaceInstance();
  } catch {
    replacementDue = true; // the next load tries again, and reports it
  }
}

/** wasm-bindgen instantiates the module again, and rejects objects of the old instance from then on. */
function replaceInstance(): void {
  replacementDue = true;
  resetGlue();
  replacementDue = false;
}
