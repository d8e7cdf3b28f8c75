import { Validator, type OutputUnit, type Schema } from "@cfworker/json-schema";
import { Fault, FAULTS } from "./faults.js";
import type { Prediction } from "../types.js";

// The one description of what goes in and out: openapi.ts publishes it, and what is below checks with it.

const text = { type: "string", description: "The text to classify." } satisfies Schema;
const topK = {
  type: "integer",
  minimum: 1,
  maximum: 1_000_000,
  description: "How many labels to return in `scores`. All of them by default.",
} satisfies Schema;
const probability = { type: "number", minimum: 0, maximum: 1 } satisfies Schema;

const closed = (properties: Record<string, Schema>, required: string[] = Object.keys(properties)): Schema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const LabelScore = closed({ label: { type: "string" }, score: probability });

const prediction = {
  label: { type: "string", description: "The most probable label." },
  score: { ...probability, description: "Its calibrated probability." },
  scores: { type: "array", items: LabelScore, description: "The labels with their probabilities, highest first, cut to `topK`." },
  tokens: { type: "integer", minimum: 1, description: "Tokens the model read." },
  truncated: { type: "boolean", description: "Whether the text was longer than the model reads." },
} satisfies Record<string, Schema>;

const Prediction = closed(prediction);

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
    TextRequest: { ...closed({ text, topK }, ["text"]), examples: [{ text: "I loved every minute of it" }] },
    TextsRequest: {
      ...closed({ texts: { type: "array", items: text, maxItems: texts }, topK }, ["texts"]),
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
export type PredictBody = { texts: string[]; single: boolean; topK?: number };

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
    const { text, texts: all, topK } = body as { text: string; texts: string[]; topK?: number };
    return { texts: batch ? all : [text], single: !batch, ...(topK === undefined ? {} : { topK }) };
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
