// The JSON Schemas of requests and responses. request.ts checks bodies with them, and openapi.ts publishes them.
import { type Schema, Validator } from "@cfworker/json-schema";
import { EXPLAIN_OPTIONS, PREDICTION_OPTIONS, SHAPLEY_ONLY, ZERO_SHOT_OPTIONS } from "../shared/options.js";
import type { AnyPrediction, AnyTaskOptions, TasksOption } from "../shared/task-types.js";
import type { CallOptions, Prediction, TextOptions } from "../shared/types.js";
import { EXPLAIN_DESCRIPTIONS, PREDICTION_DESCRIPTIONS, ZERO_SHOT_DESCRIPTIONS } from "./option-descriptions.js";
import { ERROR_CODES } from "./service-error.js";

/** The options of `predict` that change a prediction. */
export type PredictionOptions = Omit<TextOptions, keyof CallOptions | keyof TasksOption> & AnyTaskOptions;

/** The schema of an object with these properties and no others. */
const object = (properties: Record<string, Schema>, required: string[] = Object.keys(properties)): Schema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const array = (items: Schema, more: Schema = {}): Schema => ({ type: "array", items, ...more });

const text: Schema = { type: "string", description: "The text to classify." };
const pair: Schema = { type: "string", description: "The second text, for models that read two at once." };

/** What `samples` and `seed` require. */
const needsShapley: Schema = { properties: { method: { const: "shapley" } }, required: ["method"] };

/** Adds descriptions and defaults to the schemas of options. */
function describe<Name extends string>(schemas: Record<Name, object>, descriptions: Record<Name, object>) {
  const described = Object.keys(descriptions).map((name) => [
    name,
    { ...schemas[name as Name], ...descriptions[name as Name] },
  ]);
  return Object.fromEntries(described) as Record<Name, Schema>;
}

const described = describe(PREDICTION_OPTIONS, PREDICTION_DESCRIPTIONS);
const options = {
  ...described,
  explain: {
    ...described.explain,
    properties: describe(EXPLAIN_OPTIONS, EXPLAIN_DESCRIPTIONS),
    additionalProperties: false,
    dependentSchemas: Object.fromEntries(SHAPLEY_ONLY.map((name) => [name, needsShapley])),
  },
  zeroShot: {
    ...described.zeroShot,
    properties: describe(ZERO_SHOT_OPTIONS, ZERO_SHOT_DESCRIPTIONS),
    additionalProperties: false,
  },
};

/** An item of `texts`. */
const input: Schema = { anyOf: [text, object({ text, pair }, ["text"])] };

/** The schemas of the two forms of a request, with at most `maxTexts` texts. */
export const requestSchemas = (maxTexts: number) => ({
  TextRequest: {
    ...object({ text, pair, ...options }, ["text"]),
    examples: [
      { text: "I loved every minute of it" },
      { text: "Predictable, yet lovely.", explain: true },
      { text: "I loved every minute of it", tasks: ["sentiment", "toxicity"] },
    ],
  },
  TextsRequest: {
    ...object({ texts: array(input, { maxItems: maxTexts }), ...options }, ["texts"]),
    examples: [{ texts: ["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"], topK: 1 }],
  },
});

const score: Schema = { type: "number", description: "A probability from 0 to 1, or with `activation: none` a logit." };
const offset: Schema = { type: "integer", minimum: 0, description: "In UTF-16 code units of the text." };
const index: Schema = { type: "integer", minimum: 0, description: "Index in `texts`, from 0." };
const tokens: Schema = { type: "integer", minimum: 1, description: "Number of tokens that the model read." };
const scores = array(object({ label: { type: "string" }, score }), {
  description: "The labels with their scores, highest first, cut to `topK`.",
});

const predictionProperties = {
  label: {
    type: ["string", "null"],
    description:
      "The label with the highest score of those that reach their threshold; null if none does, or if `other` is true.",
  },
  labels: array(
    { type: "string" },
    { description: "Only where each label is scored by itself: the labels that reach their threshold, highest first." },
  ),
  other: {
    type: "boolean",
    description:
      "Only of a head that was taught with `other`: whether the text resembles none of the labels' examples.",
  },
  score: { ...score, description: "The highest score: a calibrated probability, or with `activation: none` a logit." },
  scores,
  tokens,
  truncated: {
    type: "boolean",
    description: "Whether the end of the text was left out because of `longText: truncate`.",
  },
  windows: array(object({ start: offset, end: offset, tokens, scores }), {
    description: "The parts of the text that the model read: one, unless the text is long.",
  }),
  attributions: {
    ...array(
      object({
        start: offset,
        end: offset,
        text: { type: "string" },
        weight: { type: "number" },
      }),
    ),
    type: ["array", "null"],
    description: "The contribution of each word to the score of the label; null without `explain`.",
  },
  warnings: array({ enum: ["other-script", "mostly-unknown-tokens"] }, { description: "Reasons to doubt the label." }),
} satisfies Record<keyof Prediction, Schema>;

const prediction = object(
  predictionProperties,
  Object.keys(predictionProperties).filter((name) => name !== "labels" && name !== "other"),
);

const error = object({ code: { type: "string", enum: Object.keys(ERROR_CODES) }, message: { type: "string" }, index }, [
  "code",
  "message",
]);

const byTask: Schema = {
  type: "object",
  description: "With `tasks`: the predictions by task.",
  additionalProperties: prediction,
};
const anyPrediction: Schema = { anyOf: [prediction, byTask] };

const responseSchemas = {
  Prediction: anyPrediction,
  Predictions: object({ predictions: array(anyPrediction) }),
  Line: {
    description: "One line of a streamed response.",
    oneOf: [object({ index, prediction: anyPrediction }), object({ index, error })],
  },
  Model: object({
    name: { type: ["string", "null"] },
    version: { type: ["string", "null"] },
    languages: {
      type: ["array", "null"],
      items: { type: "string" },
      description: "ISO 639-1 codes of the languages that the model reads; null if its litmus.json does not give them.",
    },
    labels: array({ type: "string" }),
    multiLabel: { type: "boolean", description: "Whether each label is scored independently of the others." },
    activation: { enum: ["softmax", "sigmoid", "none"], description: "What turns the logits into scores." },
    maxTokens: { type: "integer", minimum: 1, description: "The most tokens that the model reads at once." },
    precision: object({
      option: { enum: ["auto", "int8", "float32"] },
      floatLayers: array({ type: "string", description: "A layer that is computed in float32, not in integers." }),
    }),
    kernel: {
      enum: ["relaxed-dot-i32x4", "relaxed-dot-i16x8", "simd128"],
      description: "The WebAssembly instructions that compute the products of integers.",
    },
    tasks: array({ type: "string", description: "A value of `task`." }),
    files: array(
      object({
        path: { type: "string" },
        bytes: { type: "integer", minimum: 0 },
        sha256: {
          type: ["string", "null"],
          description: "In hexadecimal; null if the model's litmus.json does not give it.",
        },
      }),
    ),
    metrics: {
      type: ["object", "null"],
      description: "The model's evaluation from its litmus.json; null if there is none.",
    },
    runsIn: {
      enum: ["worker", "worker-threads", "page"],
      description:
        "The thread that computes: a web worker, worker threads of Node, Deno or Bun, or the calling thread.",
    },
    memoryBytes: { type: "integer", minimum: 0, description: "Current size of the WebAssembly memory." },
  }),
  Health: object({ status: { const: "ok" } }),
  Error: object({ error }),
} satisfies Record<string, Schema>;

/** All schemas, by their names in the OpenAPI document. */
export const schemas = (maxTexts: number) => ({ ...requestSchemas(maxTexts), ...responseSchemas });

export type SchemaName = keyof ReturnType<typeof schemas>;

const predictionValidator = new Validator(anyPrediction, "2020-12");

/** Whether a value from the caller's cache is a prediction. */
export const isPrediction = (value: unknown): value is AnyPrediction => predictionValidator.validate(value).valid;
