const codes = [
  "invalid-input",
  "empty-text",
  "model-not-found",
  "model-malformed",
  "model-unsupported",
  "closed",
  "internal",
] as const;

/**
 * What went wrong. Stable: safe to compare with.
 * - `invalid-input`: an argument is not what the function takes.
 * - `empty-text`: a text holds nothing to read: white space, or what the tokenizer drops.
 * - `model-not-found`: a file could not be fetched; the message names its URL.
 * - `model-malformed`: a file of the model is damaged, or contradicts another.
 * - `model-unsupported`: the model is sound but uses what this library does not run.
 * - `closed`: the classifier was closed.
 * - `internal`: a fault of this library or its surroundings; see `cause`.
 */
export type LitmusErrorCode = (typeof codes)[number];

/** The one kind of error that this package throws. */
export class LitmusError extends Error {
  override readonly name = "LitmusError";
  /** What went wrong. */
  readonly code: LitmusErrorCode;
  /** Which text of a batch is to blame, counted from 0. */
  declare readonly index?: number;

  constructor(code: LitmusErrorCode, message: string, rest: { index?: number; cause?: unknown } = {}) {
    super(message, "cause" in rest ? { cause: rest.cause } : undefined);
    this.code = code;
    if (rest.index !== undefined) this.index = rest.index;
  }
}

/** The error as a `LitmusError`: wasm's carry `code` and `index`, anything else is `internal`. */
export function toLitmusError(error: unknown): LitmusError {
  if (error instanceof LitmusError) return error;
  const { code, index, message } = Object(error) as { code?: unknown; index?: unknown; message?: unknown };
  const known = codes.find((each) => each === code);
  return new LitmusError(known ?? "internal", typeof message === "string" ? message : String(error), {
    ...(known && typeof index === "number" ? { index } : {}),
    cause: error,
  });
}
