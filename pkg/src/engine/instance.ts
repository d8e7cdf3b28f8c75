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

// wasm-bindgen's JavaScript has one WebAssembly instance for the whole thread. After a trap, its state is unknown. So it is
// replaced: all models in it are lost, and their pools load them again for the next call.

/** The models in the current instance. */
const models = new Set<LoadedModel>();
/** Whether there has been an instance. */
let started = false;
/** Set after a replacement that failed, for example because there was no memory for a new instance. */
let replacementDue = false;

/** The size of this thread's WebAssembly memory in bytes; 0 without an instance. */
export function memoryBytes(): number {
  return started && !replacementDue ? wasmMemoryBytes() : 0;
}

/** A model in this thread's WebAssembly instance. */
export class LoadedModel {
  readonly #classifier: Classifier;

  private constructor(classifier: Classifier) {
    this.#classifier = classifier;
  }

  /**
   * Loads a model. Only the first call in a thread uses `module`: later models are loaded into the same instance.
   *
   * @throws LitmusError `model-malformed`, `model-unsupported`, `head-malformed`, `head-mismatch`, `out-of-memory`
   */
  static load(module: WebAssembly.Module, files: FileBytes, params: LoadParams): LoadedModel {
    // Synchronous, as the replacement after a crash is. On a page's main thread, Chromium allows that for modules of up to 8 MiB.
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

  /** Runs `work`, which calls into WebAssembly. If it throws anything but a {@link LitmusError}, the model is lost. */
  run<T>(work: (classifier: Classifier) => T): T {
    if (this.lost)
      throw new LitmusError("internal", "the WebAssembly instance has crashed: call again, and another one starts");
    return guarded(() => work(this.#classifier));
  }

  /** Frees the model. WebAssembly memory never shrinks, so the instance is replaced when its last model is freed. */
  free(): void {
    if (this.lost) return;
    this.run((classifier) => classifier.free());
    models.delete(this);
    if (models.size === 0) tryToReplaceInstance();
  }
}

/** Runs `work`. Converts the errors of Rust, and replaces the instance after fatal ones and after traps. */
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
    // `replacementDue` stays set: the next load tries again and reports the failure.
  }
}

/** wasm-bindgen instantiates the module again, and rejects objects of the old instance from then on. */
function replaceInstance(): void {
  replacementDue = true;
  resetGlue();
  replacementDue = false;
}
