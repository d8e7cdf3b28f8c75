import type { CallOptions, ExplainOptions, TextOptions, ZeroShotOptions } from "./types.js";

// The one description of the options that change a prediction, as JSON Schema. The package checks its arguments with it
// (validate.ts), the service publishes it in its OpenAPI document and checks bodies with it (handler/), and the last lines
// of this file compile only while the types in types.ts describe the same options.

/** The properties of `explain`. */
export const EXPLAIN_OPTIONS = {
  label: { type: "string", description: "The label whose probability to explain. By default, the most probable one." },
  method: {
    enum: ["occlusion", "shapley"],
    default: "occlusion",
    description: "How to compute the weights: by masking each word alone, or as Shapley values.",
  },
  samples: {
    type: "integer",
    minimum: 1,
    maximum: 1000,
    default: 20,
    description: "Permutations of the words to sample, for `shapley`.",
  },
  seed: {
    type: "integer",
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 0,
    description: "Seed of the random permutations, for `shapley`.",
  },
} as const;

/** The properties of `explain` that have no effect with another method, and are refused there. */
export const SHAPLEY_ONLY = ["samples", "seed"] as const;

/** The properties of `zeroShot`. */
export const ZERO_SHOT_OPTIONS = {
  labels: {
    type: "array",
    items: { type: "string" },
    minItems: 1,
    maxItems: 1000,
    description: "The labels to score instead of the model's own, none twice.",
  },
  hypothesis: {
    type: "string",
    default: "This example is {}.",
    description: "The second text of each pair; the label replaces `{}`.",
  },
  multiLabel: {
    type: "boolean",
    default: false,
    description: "Whether a text can have several of the labels, each scored by itself.",
  },
} as const;

/** The options of `predict` and `stream` that change a prediction. */
export const PREDICTION_OPTIONS = {
  topK: {
    type: "integer",
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "How many labels to return in `scores`. By default, all of them.",
  },
  threshold: {
    type: "number",
    minimum: 0,
    maximum: 1,
    description:
      "The probability below which a label is not given: `label` is then null. By default 0.5 where each label is scored " +
      "by itself, else none.",
  },
  activation: {
    enum: ["softmax", "sigmoid", "none"],
    description:
      "What turns the logits into scores, instead of the model's own activation: `softmax` (they sum to 1), `sigmoid` (each " +
      "label by itself) or `none` (the scores are the logits).",
  },
  longText: {
    enum: ["window", "truncate", "error"],
    default: "window",
    description:
      "What to do with a text of more tokens than the model reads at once: read it in overlapping windows, read only its " +
      "beginning, or refuse it.",
  },
  specialTokens: {
    enum: ["text", "special"],
    default: "text",
    description:
      "Whether special tokens that a text spells, such as `[SEP]`, are read as text or as the special tokens.",
  },
  explain: {
    type: ["boolean", "object"],
    properties: EXPLAIN_OPTIONS,
    default: false,
    description: "Whether to return the weight of each word: for the most probable label, or as these options say.",
  },
  zeroShot: {
    type: "object",
    properties: ZERO_SHOT_OPTIONS,
    required: ["labels"],
    description:
      "Scores labels of your choice, with a model for natural language inference: how strongly the text entails a " +
      "hypothesis with the label in it. Not together with `activation` or `explain`.",
  },
} as const;

/** The values that a schema allows. */
type ValueOf<Schema> = Schema extends { enum: readonly (infer Value)[] }
  ? Value
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

type OptionsOf<Properties> = { -readonly [Key in keyof Properties]?: ValueOf<Properties[Key]> | undefined };

type Same<A, B> = [A, B] extends [B, A] ? (keyof A | keyof B extends keyof A & keyof B ? true : never) : never;

true satisfies Same<OptionsOf<typeof EXPLAIN_OPTIONS>, ExplainOptions>;
true satisfies Same<ValueOf<typeof PREDICTION_OPTIONS.zeroShot>, ZeroShotOptions>;
true satisfies Same<OptionsOf<typeof PREDICTION_OPTIONS>, Omit<TextOptions, keyof CallOptions>>;
