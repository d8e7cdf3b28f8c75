/**
 * What went wrong. Stable: safe to compare with.
 * - `invalid-input`: an argument is not what the function takes.
 * - `empty-text`: a text holds nothing to read: white space, or what the tokenizer drops.
 * - `text-too-long`: a text has more tokens than the model reads at once, and `longText` is `"error"`;
 *   the message says how many.
 * - `model-not-found`: a file is not where it was looked for; the message names its URL.
 * - `download-failed`: a file could not be had for another reason: no connection, a server's
 *   fault, a download that broke off. The message names its URL; trying again may help.
 * - `checksum-mismatch`: a file of the model is not the one that its `litmus.json` describes.
 * - `model-malformed`: a file of the model is damaged, or contradicts another.
 * - `model-unsupported`: the model is sound but uses what this library does not run.
 * - `aborted`: the call's `signal` was aborted; `cause` is its reason.
 * - `timeout`: the call took longer than its `timeout`.
 * - `closed`: the classifier was closed.
 * - `out-of-memory`: the model, or a text, needs more memory than WebAssembly has, or a file of the model
 *   has more than 1 GiB. The next call starts afresh.
 * - `internal`: a fault of this library or its surroundings, a crash for instance; see `cause`.
 *   The next call starts afresh.
 */
export type LitmusErrorCode =
  | "invalid-input"
  | "empty-text"
  | "text-too-long"
  | "model-not-found"
  | "download-failed"
  | "checksum-mismatch"
  | "model-malformed"
  | "model-unsupported"
  | "aborted"
  | "timeout"
  | "closed"
  | "out-of-memory"
  | "internal";

/** The one kind of error that this package throws. */
export class LitmusError extends Error {
  override readonly name = "LitmusError";
  /** What went wrong. */
  readonly code: LitmusErrorCode;
  /** Which text of a batch is to blame, counted from 0. */
  declare readonly index?: number;

  constructor(
    code: LitmusErrorCode,
    message: string,
    { index, cause }: { index?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    if (index !== undefined) this.index = index;
  }
}

export const closed = (): LitmusError => new LitmusError("closed", "the classifier is closed");

/** The error as a `LitmusError`: anything else is `internal`. */
export function toLitmusError(error: unknown): LitmusError {
  const { name, message } = Object(error) as { name?: unknown; message?: unknown };
  if (name === "LitmusError") return error as LitmusError; // of another entry point's, it is no instance of this class
  return new LitmusError("internal", typeof message === "string" ? message : String(error), { cause: error });
}

/** The same error, of the text at this place in its batch, or of none; also where it is no more than what it was made of. */
export function withIndex(error: Pick<LitmusError, "code" | "message" | "cause">, index: number | undefined): LitmusError {
  const { code, message, cause } = error;
  return new LitmusError(code, message, { index, cause });
}
