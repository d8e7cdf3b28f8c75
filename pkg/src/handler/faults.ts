import { toLitmusError } from "../shared/errors.js";

/** Each code of an error's answer, with its status and what it means. openapi.ts lists them. */
export const FAULTS = {
  "invalid-json": { status: 400, meaning: "The body is not JSON in UTF-8." },
  "invalid-input": { status: 400, meaning: "The body is JSON, but not what the schema describes." },
  "not-found": { status: 404, meaning: "There is nothing at this path." },
  "method-not-allowed": { status: 405, meaning: "The path does not take this method; `allow` lists those it takes." },
  "body-timeout": { status: 408, meaning: "The body took too long to arrive." },
  "too-large": { status: 413, meaning: "The body has too many bytes, or too many texts." },
  "unsupported-media-type": { status: 415, meaning: "The body is not declared as plain `application/json` in UTF-8." },
  "empty-text": { status: 422, meaning: "A text holds nothing to read." },
  "text-too-long": { status: 422, meaning: "A text has more tokens than the model reads at once, and `longText` is `error`." },
  "unknown-label": { status: 422, meaning: "The label to explain is none of the model's." },
  "malformed-text": { status: 422, meaning: "A text is no Unicode: it has half a surrogate pair." },
  "busy": { status: 429, meaning: "Too many texts wait for their answer." },
  "internal": { status: 500, meaning: "A fault of the service." },
  "loading": { status: 503, meaning: "The model is being loaded." },
  "unavailable": { status: 503, meaning: "The model could not be loaded; it is tried again." },
  "timeout": { status: 503, meaning: "The answer took too long: ask again later, or for less." },
  // Never seen by a client, which is gone: for the metrics.
  "aborted": { status: 499, meaning: "The client went away." },
} as const;

export type FaultCode = keyof typeof FAULTS;

/** Why a request is answered with an error. Its message is for the client. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly index: number | undefined;
  readonly headers: Record<string, string>;

  constructor(code: FaultCode, message: string = FAULTS[code].meaning, rest: { index?: number; headers?: Record<string, string> } = {}) {
    super(message);
    this.code = code;
    this.index = rest.index;
    this.headers = rest.headers ?? {};
  }

  get status(): number {
    return FAULTS[this.code].status;
  }

  /** The same, told of a text of a batch. */
  at(index: number | undefined): Fault {
    return new Fault(this.code, this.message, { headers: this.headers, ...(index === undefined ? {} : { index }) });
  }

  /** What the client reads. */
  get body(): { code: FaultCode; message: string; index?: number } {
    const { code, message, index } = this;
    return { code, message, ...(index === undefined ? {} : { index }) };
  }
}

/** What the classifier says is the text's fault or the client's doing is passed on; anything else stays in here. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code, message, cause } = toLitmusError(error);
  if (cause instanceof Fault) return cause; // why it was aborted
  switch (code) {
    case "empty-text":
    case "aborted":
      return new Fault(code);
    case "text-too-long":
      return new Fault(code, message);
    case "closed":
      return new Fault("unavailable");
    default:
      return new Fault("internal");
  }
}
