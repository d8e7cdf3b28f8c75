import { EXPLAIN_OPTIONS, PREDICTION_OPTIONS } from "../shared/options.js";
import type { PredictParams } from "../shared/protocol.js";
import type { AnyTaskOptions } from "../shared/task-types.js";
import type { PredictOptions, StreamOptions } from "../shared/types.js";
import { isRecord } from "../shared/validate.js";

/** The options of `predict`, with or without tasks. */
export type AnyPredictOptions = Omit<PredictOptions, "threshold" | "explain"> & AnyTaskOptions;
/** The options of `stream`, with or without tasks. */
export type AnyStreamOptions = Omit<StreamOptions, "threshold" | "explain"> & AnyTaskOptions;

/** Picks the options of a prediction that are sent to a thread. */
export function predictParams(options: AnyPredictOptions | AnyStreamOptions): PredictParams {
  const { explain, ...params } = pick(options, PREDICTION_OPTIONS);
  return { ...params, explain: explain ? pick(Object(explain), EXPLAIN_OPTIONS) : undefined };
}

/**
 * Copies the options that a schema has. A copy, so that no getter of the caller's object runs later, and that a worker can receive
 * it: it receives plain objects only, not the proxies of frameworks such as Vue.
 */
const pick = <Options extends object, Schema extends object>(options: Options, schema: Schema) =>
  Object.fromEntries(Object.keys(schema).map((key) => [key, copyValue(options[key as keyof Options])])) as {
    [Key in keyof Schema & keyof Options]: Options[Key];
  };

/** Options have no values that are nested more deeply: the labels of `zeroShot`. */
const DEPTH = 2;

/** Copies the arrays and objects of a value, to this depth. */
function copyValue(value: unknown, depth = DEPTH): unknown {
  if (depth === 0) return value;
  if (Array.isArray(value)) return value.map((each) => copyValue(each, depth - 1));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyValue(each, depth - 1)]));
}
