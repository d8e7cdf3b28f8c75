import type { Pool } from "../pool/worker-pool.js";
import type { LitmusError } from "../shared/errors.js";
import type { ModelInfo } from "../shared/protocol.js";
import type { PredictionProgress, TextInput } from "../shared/types.js";

/** Sends one of several requests, and reports its progress. */
export type SendBatch<T> = (
  texts: TextInput[],
  listener: ((progress: PredictionProgress) => void) | undefined,
) => Promise<T[]>;

/**
 * The functions of the page's own script that heads.ts and its parts use. They are passed, not imported: the bundler would
 * cut what is imported out of the page's script, which makes that 4 % larger.
 */
export interface PageScript<Classifier> {
  newClassifier: (pool: Pool, info: ModelInfo) => Classifier;
  wrongValue: (name: string, expected: string, value: unknown) => LitmusError;
  closedError: () => LitmusError;
  singleFlight: <T>(key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
  inBatches: <T>(
    size: number,
    texts: readonly TextInput[],
    onProgress: ((progress: PredictionProgress) => void) | undefined,
    signal: AbortSignal,
    send: SendBatch<T>,
  ) => Promise<T[]>;
}
