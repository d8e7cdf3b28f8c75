import type { Pool } from "../pool/worker-pool.js";
import type { ModelInfo, PredictParams } from "../shared/protocol.js";
import type { ClassifierOptions, EmbedOptions, TeachExamples, TeachOptions, TextInput } from "../shared/types.js";

/** What heads.ts does for classifiers. */
export interface HeadsScript {
  embed(
    pool: Pool,
    info: ModelInfo,
    texts: readonly TextInput[],
    options: EmbedOptions,
    signal: AbortSignal,
  ): Promise<Float32Array<ArrayBuffer>[]>;
  taskPool(pool: Pool, info: ModelInfo, params: PredictParams, signal: AbortSignal): Promise<Pool>;
  // `open` and `teach` resolve to a `Classifier`. Its type is not named here, because classifier.ts imports this file.
  /** The classifier of a task, or of the file of a head. */
  open(pool: Pool, info: ModelInfo, options: ClassifierOptions, signal: AbortSignal): Promise<unknown>;
  teach(
    pool: Pool,
    info: ModelInfo,
    examples: TeachExamples,
    options: TeachOptions,
    signal: AbortSignal,
  ): Promise<unknown>;
}

/**
 * Loads the script of heads. Pages load it when it is first needed: `createClassifier` says how. Service workers forbid that:
 * `createHandler` has it from the start, as does the embedded build, which is one file.
 */
export const headsScript = {} as { load: () => Promise<{ heads: HeadsScript }> };
