import { EXPLAIN_OPTIONS, PREDICTION_OPTIONS } from "../shared/options.js";
import type { PredictParams } from "../shared/protocol.js";
import type { AnyTaskOptions } from "../shared/task-types.js";
import type { PredictOptions, StreamOptions } from "../shared/types.js";

/** The options of `predict`, with or without tasks. */
export type AnyPredictOptions = Omit<PredictOptions, "threshold" | "explain"> & AnyTaskOptions;
/** The options of `stream`, with or without tasks. */
export type AnyStreamOptions = Omit<StreamOptions, "threshold" | "explain"> & AnyTaskOptions;

/** Picks the options of a prediction that are sent to a thread. */
export function predictParams(options: AnyPredictOptions | AnyStreamOptions): PredictParams {
  const { explain, ...params } = pick(options, PREDICTION_OPTIONS);
  return { ...params, explain: explain ? pick(Object(explain), EXPLAIN_OPTIONS) : undefined };
}

/** Copies the options that a schema has. A copy, so that no getter of the caller's object runs later. */
const pick = <Options extends object, Schema extends object>(options: Options, schema: Schema) =>
  Object.fromEntries(Object.keys(schema).map((key) => [key, options[key as keyof Options]])) as {
    [Key in keyof Schema & keyof Options]: Options[Key];
  };
