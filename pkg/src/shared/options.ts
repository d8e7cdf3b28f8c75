import type { AnyTaskOptions, ExplainTasksOptions, TasksOption } from "./task-types.js";
import type { CallOptions, TextOptions, ZeroShotOptions } from "./types.js";

// The options that change a prediction, as JSON Schema. The package checks its arguments with it (validate.ts), the service
// publishes it in its OpenAPI document and checks bodies with it (handler/), and the last lines of this file compile only
// while the types in types.ts describe the same options. A page does not need the schemas'
// descriptions and defaults: they are in handler/option-descriptions.ts.

/** The properties of `explain`. */
export const EXPLAIN_OPTIONS = {
  label: { type: ["string", "object"], additionalProperties: { type: "string" } },
  method: { enum: ["occlusion", "shapley"] },
  samples: { type: "integer", minimum: 1, maximum: 1000 },
  seed: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
} as const;

/** The properties of `explain` that have no effect with another method, and are rejected there. */
export const SHAPLEY_ONLY = ["samples", "seed"] as const;

/** The properties of `zeroShot`. */
export const ZERO_SHOT_OPTIONS = {
  labels: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 1000 },
  hypothesis: { type: "string" },
  multiLabel: { type: "boolean" },
} as const;

/** The options of `predict` and `stream` that change a prediction. */
export const PREDICTION_OPTIONS = {
  task: { type: "string" },
  tasks: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 100 },
  topK: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  threshold: {
    type: ["number", "object"],
    minimum: 0,
    maximum: 1,
    additionalProperties: { type: "number", minimum: 0, maximum: 1 },
  },
  activation: { enum: ["softmax", "sigmoid", "none"] },
  longText: { enum: ["window", "truncate", "error"] },
  specialTokens: { enum: ["text", "special"] },
  explain: { type: ["boolean", "object"], properties: EXPLAIN_OPTIONS },
  zeroShot: { type: "object", properties: ZERO_SHOT_OPTIONS, required: ["labels"] },
} as const;

/** The values that a schema allows. */
type ValueOf<Schema> = Schema extends { enum: readonly (infer Value)[] }
  ? Value
  : Schema extends { additionalProperties: infer Value }
    ? ValueOf<Value> | { readonly [task: string]: ValueOf<Value> | undefined }
    : Schema extends { properties: infer Properties; required: readonly (infer Required)[] }
      ? OptionsOf<Properties> & { [Key in Required & keyof Properties]: ValueOf<Properties[Key]> }
      : Schema extends { properties: infer Properties }
        ? boolean | OptionsOf<Properties>
        : Schema extends { items: infer Items }
          ? readonly ValueOf<Items>[]
          : Schema extends { type: "string" }
            ? string
            : Schema extends { type: "boolean" }
              ? boolean
              : number;

/** An object with these properties, all of them optional. */
type OptionsOf<Properties> = { -readonly [Key in keyof Properties]?: ValueOf<Properties[Key]> | undefined };

/**
 * `true` if each type can be assigned to the other and both have the same keys, else `never`. Types whose keys are optional can be
 * assigned to each other although one lacks a key.
 */
type Same<A, B> = [A, B] extends [B, A] ? (keyof A | keyof B extends keyof A & keyof B ? true : never) : never;

true satisfies Same<OptionsOf<typeof EXPLAIN_OPTIONS>, ExplainTasksOptions>;
true satisfies Same<ValueOf<typeof PREDICTION_OPTIONS.zeroShot>, ZeroShotOptions>;
true satisfies Same<
  OptionsOf<typeof PREDICTION_OPTIONS>,
  Omit<TextOptions, keyof CallOptions | keyof TasksOption> & AnyTaskOptions
>;
