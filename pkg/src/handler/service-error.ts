import { toLitmusError } from "../shared/errors.js";

/** The error codes of the service, each with its HTTP status. openapi.ts publishes the list. */
export const ERROR_CODES = {
  "invalid-json": { status: 400, description: "The body is not JSON in UTF-8." },
  "invalid-input": { status: 400, description: "The body is JSON but does not match the schema." },
  "not-found": { status: 404, description: "The service has no such path." },
  "method-not-allowed": { status: 405, description: "The path does not support this method; see the header `allow`." },
  "body-timeout": { status: 408, description: "The body took too long to arrive." },
  "too-large": { status: 413, description: "The body has too many bytes or too many texts." },
  "unsupported-media-type": { status: 415, description: "The body must be uncompressed `application/json` in UTF-8." },
  "empty-text": {
    status: 422,
    description: "The text has no tokens: it is empty, white space, or only characters that the tokenizer drops.",
  },
  "text-too-long": {
    status: 422,
    description:
      "The text exceeds the model's token limit, and `longText` is `error`; or the pair leaves no room for the text.",
  },
  "unknown-label": { status: 422, description: "`explain.label` is not one of the model's labels." },
  "unknown-task": { status: 422, description: "`task`, or one of `tasks`, is not one of the model's tasks." },
  "conflicting-options": { status: 422, description: "The options contradict each other or do not fit the model." },
  "model-unsupported": { status: 422, description: "The model cannot do what an option asks for." },
  "malformed-text": { status: 422, description: "The text is not valid Unicode: it contains an unpaired surrogate." },
  "busy": { status: 429, description: "Too many texts are waiting for their prediction." },
  "internal": { status: 500, description: "Internal error." },
  "loading": { status: 503, description: "The model is still loading." },
  "unavailable": { status: 503, description: "The model could not be loaded; the service tries again." },
  "timeout": { status: 503, description: "The response took too long: try again later, or send less text." },
  // Only metrics and logs contain this code: the client has disconnected.
  "aborted": { status: 499, description: "The client disconnected." },
} as const;

export type ServiceErrorCode = keyof typeof ERROR_CODES;

interface Details {
  /** The index of the text at fault in a request with several texts. */
  index?: number | undefined;
  headers?: Record<string, string>;
  /** The original error of an `internal` one. Clients never receive it. */
  cause?: unknown;
}

/** An error that a client receives: a status, a code and a message. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ServiceErrorCode;
  readonly index: number | undefined;
  readonly headers: Record<string, string>;

  constructor(
    code: ServiceErrorCode,
    message: string = ERROR_CODES[code].description,
    { index, headers = {}, cause }: Details = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.index = index;
    this.headers = headers;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** The same error, attributed to the text at `index` or, without one, to the only text. */
  withIndex(index: number | undefined): ServiceError {
    const { code, message, headers, cause } = this;
    return new ServiceError(code, message, { index, headers, cause });
  }

  /** The error object of the response. */
  get body(): { code: ServiceErrorCode; message: string; index?: number } {
    const { code, message, index } = this;
    return { code, message, ...(index === undefined ? {} : { index }) };
  }
}

/** The header that tells a client to try again after this many seconds. */
export const retryAfter = (seconds: number) => ({ headers: { "retry-after": String(seconds) } });

/**
 * Converts an error to the one that the client receives. Errors that the client can act on keep their code and message; all others
 * become `internal` without the message, so that no internals leak.
 */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code, message, cause } = toLitmusError(error);
  if (cause instanceof ServiceError) return cause; // the reason of an abort: the time limit
  switch (code) {
    case "empty-text":
      return new ServiceError(code);
    case "aborted":
    case "timeout": // of the client's signal: the limits of the service are ServiceErrors
      return new ServiceError("aborted");
    case "text-too-long":
    case "model-unsupported":
      return new ServiceError(code, message);
    case "invalid-input": // not the schema's: the body has been checked with it before
      return new ServiceError("conflicting-options", message);
    case "closed":
      return new ServiceError("unavailable");
    default:
      return new ServiceError("internal", undefined, { cause: error });
  }
}
