import { CACHE_STATUSES } from "./cached-predictor.js";
import { type SchemaName, schemas } from "./schema.js";
import { ERROR_CODES } from "./service-error.js";

const DESCRIPTION =
  "Classifies texts: labels with calibrated probabilities. Several texts are answered as one JSON object, or with an " +
  "error that has the `index` of the text at fault. If the request accepts `application/x-ndjson`, they are answered as a " +
  "stream of lines in the order of the texts, and a text that cannot be classified has an error of its own.";

/** The OpenAPI document of a handler with this base path, which accepts at most `maxTexts` texts in a request. */
export const openapi = (base: string, maxTexts: number) => ({
  openapi: "3.1.0",
  info: {
    title: "litmus-text",
    version: "1",
    description: DESCRIPTION,
    license: { name: "MIT OR Apache-2.0", identifier: "MIT OR Apache-2.0" },
  },
  servers: [{ url: base.slice(0, -1) || "/" }],
  paths: {
    "/predict": {
      post: {
        operationId: "predict",
        summary: "Classifies one text or several.",
        requestBody: {
          required: true,
          content: { "application/json": { schema: { oneOf: [ref("TextRequest"), ref("TextsRequest")] } } },
        },
        responses: {
          200: {
            description: "The prediction of `text`, or the predictions of `texts`.",
            headers: { "x-litmus-cache": CACHE_HEADER },
            content: {
              "application/json": { schema: { oneOf: [ref("Prediction"), ref("Predictions")] } },
              "application/x-ndjson": { schema: ref("Line") },
            },
          },
          ...errorResponses([...BODY_STATUSES, ...COMMON_STATUSES]),
        },
      },
    },
    "/model": get("model", "The model: its labels, files and evaluation.", json("Model"), [503]),
    "/health": get("health", "Whether the model is loaded.", json("Health"), [503]),
    "/metrics": get("metrics", "Metrics in the text format of Prometheus.", {
      "text/plain": { schema: { type: "string" } },
    }),
    "/openapi.json": get("openapi", "This document.", { "application/json": { schema: { type: "object" } } }),
  },
  components: { schemas: schemas(maxTexts) },
});

const get = (operationId: string, description: string, content: object, statuses: number[] = []) => ({
  get: {
    operationId,
    summary: description,
    responses: { 200: { description, content }, ...errorResponses([...statuses, ...COMMON_STATUSES]) },
  },
});

const ref = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: SchemaName) => ({ "application/json": { schema: ref(name) } });

/** Error statuses of a request with a body, and of every request. */
const BODY_STATUSES = [400, 408, 413, 415, 422, 429, 503];
const COMMON_STATUSES = [405, 500];

const RETRY_AFTER = {
  "retry-after": { description: "Seconds after which to try again.", schema: { type: "integer", minimum: 1 } },
};
const ERROR_HEADERS: Record<number, object> = {
  405: { allow: { description: "The methods that the path supports.", schema: { type: "string" } } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

/** The responses with these statuses, each described by its error codes. */
function errorResponses(statuses: number[]): Record<string, object> {
  const responses = statuses.map((status) => {
    const codes = Object.entries(ERROR_CODES).filter(([, error]) => error.status === status);
    const description = codes.map(([code, error]) => `\`${code}\`: ${error.description}`).join(" ");
    return [status, { description, content: json("Error"), headers: ERROR_HEADERS[status] ?? {} }];
  });
  return Object.fromEntries(responses);
}

const CACHE_HEADER = {
  description:
    "Where the prediction came from: `hit`, the cache; `shared`, another request that computed the same at that time; " +
    "`miss`, the model. For several texts, `miss` if any was a miss, else `shared` if any was shared. Streams do not have it.",
  schema: { type: "string", enum: CACHE_STATUSES },
};
