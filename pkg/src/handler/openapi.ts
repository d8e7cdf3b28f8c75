import { FAULTS } from "./faults.js";
import { schemas } from "./schema.js";

const ref = (name: keyof ReturnType<typeof schemas>) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: keyof ReturnType<typeof schemas>) => ({ "application/json": { schema: ref(name) } });
const header = (description: string, type = "string", more: object = {}) => ({ description, schema: { type, ...more } });

/** The answers with errors that a path may give besides those that every path gives. */
const OF_BODY = [400, 408, 413, 415, 422, 429, 503];
const OF_ALL = [405, 500];

const SECONDS = { "retry-after": header("Seconds after which to try again.", "integer", { minimum: 1 }) };
const HEADERS: Record<number, object> = {
  405: { allow: header("The methods that the path takes.") },
  429: SECONDS,
  503: SECONDS,
};

function errors(statuses: number[]): Record<string, object> {
  const answers = statuses.map((status) => {
    const codes = Object.entries(FAULTS).filter(([, fault]) => fault.status === status);
    const description = codes.map(([code, { meaning }]) => `\`${code}\`: ${meaning}`).join(" ");
    return [status, { description, content: json("Error"), headers: HEADERS[status] ?? {} }];
  });
  return Object.fromEntries(answers);
}

const get = (operationId: string, summary: string, content: object, statuses: number[] = []) => ({
  get: { operationId, summary, responses: { 200: { description: summary, content }, ...errors([...statuses, ...OF_ALL]) } },
});

const INTRODUCTION =
  "Text in, labels with calibrated probabilities out. A batch is answered as JSON, all of it or an error with the " +
  "`index` of the text at fault; or, if the request accepts `application/x-ndjson`, as a stream of lines in the order " +
  "of the texts, in which a text that cannot be scored has its own error.";

/** The OpenAPI document of a handler whose paths begin with `base`. */
export const openapi = (base: string, texts: number) => ({
  openapi: "3.1.0",
  info: { title: "litmus-text", version: "1", description: INTRODUCTION, license: { name: "MIT OR Apache-2.0", identifier: "MIT OR Apache-2.0" } },
  servers: [{ url: base.slice(0, -1) || "/" }],
  paths: {
    "/predict": {
      post: {
        operationId: "predict",
        summary: "Classifies a text, or each of several.",
        requestBody: {
          required: true,
          content: { "application/json": { schema: { oneOf: [ref("TextRequest"), ref("TextsRequest")] } } },
        },
        responses: {
          200: {
            description: "A prediction for a `text`; for `texts`, their predictions.",
            headers: {
              "x-litmus-cache": header(
                "Where the result came from: `miss`, it was computed; `shared`, with another request for the same; " +
                  "`hit`, from the cache. For several texts, the first of these that holds for any. Streams have none.",
                "string",
                { enum: ["hit", "miss", "shared"] },
              ),
            },
            content: {
              "application/json": { schema: { oneOf: [ref("Prediction"), ref("Predictions")] } },
              "application/x-ndjson": { schema: ref("Line") },
            },
          },
          ...errors([...OF_BODY, ...OF_ALL]),
        },
      },
    },
    "/model": get("model", "The model: labels, files, metrics.", json("Model"), [503]),
    "/health": get("health", "Whether there is a model to predict with.", json("Health"), [503]),
    "/metrics": get("metrics", "Counters in the text format of Prometheus.", { "text/plain": { schema: { type: "string" } } }),
    "/openapi.json": get("openapi", "This document.", { "application/json": { schema: { type: "object" } } }),
  },
  components: { schemas: schemas(texts) },
});
