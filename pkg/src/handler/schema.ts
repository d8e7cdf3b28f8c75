import { Validator, type OutputUnit, type Schema } from "@cfworker/json-schema";
import { Fault, FAULTS } from "./faults.js";
import type { Prediction, TextOptions } from "../shared/types.js";

// The one description of what goes in and out: openapi.ts publishes it, and what is below checks with it.

const text = { type: "string", description: "The text to classify." } satisfies Schema;
const probability = { type: "number", minimum: 0, maximum: 1 } satisfies Schema;
const position = { type: "integer", minimum: 0, description: "In UTF-16 code units of the text." } satisfies Schema;

const closed = (properties: Record<string, Schema>, required: string[] = Object.keys(properties)): Schema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

/** With the other method, they would do nothing. */
const ofShapley: Schema = { properties: { method: { const: "shapley" } }, required: ["method"] };

/** The options of `predict`. */
const options = {
  topK: {
    type: "integer",
    minimum: 1,
    maximum: 1_000_000,
    description: "How many labels to return in `scores`. All of them by default.",
  },
  threshold: { ...probability, description: "Give no label to what has a lower probability." },
  longText: {
    enum: ["window", "truncate", "error"],
    description:
      "What to do with a text of more tokens than the model reads at once: read all of it in windows (the default), " +
      "read its beginning, or answer 422.",
  },
  explain: {
    ...closed(
      {
        label: { type: "string", description: "The label to explain. By default, the most probable one." },
        method: { enum: ["occlusion", "shapley"], description: "Occlusion by default." },
        samples: { type: "integer", minimum: 1, maximum: 1000, description: "Orders to take for `shapley`, 20 by default." },
        seed: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "For `shapley`, 0 by default." },
      },
      [],
    ),
    type: ["boolean", "object"],
    dependentSchemas: { samples: ofShapley, seed: ofShapley },
    description: "Say which words decided: of the most probable label, or as these options say.",
  },
} satisfies Record<keyof ScoreOptions, Schema>;

const LabelScore = closed({ label: { type: "string" }, score: probability });
const scores = { type: "array", items: LabelScore, description: "The labels with their probabilities, highest first, cut to `topK`." } satisfies Schema;
const tokens = { type: "integer", minimum: 1, description: "Tokens the model read." } satisfies Schema;

const Prediction = closed({
  label: { type: ["string", "null"], description: "The most probable label; null where its probability is below `threshold`." },
  score: { ...probability, description: "The highest probability, calibrated." },
  scores,
  tokens,
  truncated: { type: "boolean", description: "Whether the end of the text was left out, as `longText` asked." },
  windows: {
    type: "array",
    items: closed({ start: position, end: position, tokens, scores }),
    description: "The parts of the text that the model read: one, unless the text is long.",
  },
  attributions: {
    type: ["array", "null"],
    items: closed({ start: position, end: position, text: { type: "string" }, weight: { type: "number", minimum: -1, maximum: 1 } }),
    description: "What each word did to the probability, where `explain` asked for it.",
  },
  warnings: { type: "array", items: { enum: ["mostly-unknown-tokens"] }, description: "Reasons to doubt the label." },
} satisfies Record<keyof Prediction, Schema>);

const error = closed(
  {
    code: { type: "string", enum: Object.keys(FAULTS) },
    message: { type: "string" },
    index: { type: "integer", minimum: 0, description: "Which of the `texts` is at fault." },
  },
  ["code", "message"],
);

/** Every shape, for requests of so many texts. */
export const schemas = (texts: number) =>
  ({
    TextRequest: {
      ...closed({ text, ...options }, ["text"]),
      examples: [{ text: "I loved every minute of it" }, { text: "Predictable, yet lovely.", explain: true }],
    },
    TextsRequest: {
      ...closed({ texts: { type: "array", items: text, maxItems: texts }, ...options }, ["texts"]),
      examples: [{ texts: ["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"], topK: 1 }],
    },
    Prediction,
    Predictions: closed({ predictions: { type: "array", items: Prediction } }),
    Line: {
      description: "One line of a streamed answer.",
      oneOf: [
        closed({ index: { type: "integer", minimum: 0 }, prediction: Prediction }),
        closed({ index: { type: "integer", minimum: 0 }, error }),
      ],
    },
    Model: closed({
      name: { type: ["string", "null"] },
      version: { type: ["string", "null"] },
      labels: { type: "array", items: { type: "string" } },
      multiLabel: { type: "boolean", description: "Whether each label is scored on its own." },
      maxTokens: { type: "integer", minimum: 1 },
      files: {
        type: "array",
        items: closed({
          path: { type: "string" },
          bytes: { type: "integer", minimum: 0 },
          sha256: { type: ["string", "null"], description: "In hexadecimal, where the model's folder gives it." },
        }),
      },
      metrics: { type: ["object", "null"], description: "What was measured of the model, where its folder says." },
      memoryBytes: { type: "integer", minimum: 0, description: "Size of the WebAssembly memory now." },
    }),
    Health: closed({ status: { const: "ok" } }),
    Error: closed({ error }),
  }) satisfies Record<string, Schema>;

/** A checked body of a request for predictions. */
export interface PredictBody {
  texts: string[];
  single: boolean;
  options: ScoreOptions;
}

/** The options of `predict` that change a result. */
export type ScoreOptions = Omit<TextOptions, "signal" | "timeout">;

/** What checks such bodies. */
export function bodyCheck(texts: number): (body: unknown) => PredictBody {
  const { TextRequest, TextsRequest } = schemas(texts);
  const one = new Validator(TextRequest, "2020-12");
  const many = new Validator(TextsRequest, "2020-12");
  return (body) => {
    const batch = body !== null && typeof body === "object" && "texts" in body;
    // Before each of them is looked at.
    if (batch && Array.isArray(body.texts) && body.texts.length > texts) {
      throw new Fault("too-large", `the request has ${body.texts.length} texts, more than ${texts}`);
    }
    const { valid, errors } = (batch ? many : one).validate(body);
    if (!valid) throw refusal(errors);
    const { text, texts: all, ...options } = body as { text: string; texts: string[] } & ScoreOptions;
    return { texts: batch ? all : [text], single: !batch, options };
  };
}

/** The innermost complaint, at its place. */
function refusal(errors: OutputUnit[]): Fault {
  const { instanceLocation, keyword, error } = errors.at(-1) as OutputUnit;
  const index = /^#\/texts\/(\d+)$/.exec(instanceLocation)?.[1];
  const place = instanceLocation === "#" ? "the body" : instanceLocation.slice(2);
  const message = keyword === "false" ? `unknown key "${place}"` : `${place}: ${error}`;
  return new Fault("invalid-input", message, index === undefined ? {} : { index: Number(index) });
}

const predictions = new Validator(Prediction as Schema, "2020-12");

/** Whether a foreign cache gave a prediction. */
export const isPrediction = (value: unknown): value is Prediction => predictions.validate(value).valid;
