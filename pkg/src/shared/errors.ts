/**
 * What went wrong. The codes are stable: compare with them, not with messages.
 * - `invalid-input`: an argument has the wrong type or value.
 * - `empty-text`: the text is empty, is white space, or has nothing else that the tokenizer keeps.
 * - `text-too-long`: the text has more tokens than the model reads at once, and `longText` is `"error"`;
 *   the message says how many.
 * - `model-not-found`: a file does not exist at its URL, which the message names.
 * - `download-failed`: a file could not be downloaded for another reason: no connection, a server
 *   error, an interrupted download. The message names its URL; trying again may help.
 * - `checksum-mismatch`: a file's SHA-256 is not the one in the model's `litmus.json`.
 * - `model-malformed`: a file of the model is damaged or contradicts another one.
 * - `head-malformed`: a head file is damaged, or is another kind of file.
 * - `head-mismatch`: a head file was made for another encoder.
 * - `head-not-extendable`: a head that is taught more was exported without its examples.
 * - `model-unsupported`: the model is valid but uses an operator or a feature that this library does
 *   not implement, or cannot do what a call asks for: read a pair of texts, for instance.
 * - `unsupported`: the browser or runtime has no WebAssembly, or none with SIMD.
 * - `aborted`: the call's `signal` was aborted. The error's `name` is `"AbortError"`, its `cause` is
 *   the signal's reason.
 * - `timeout`: the call took longer than its `timeout`, or its `signal` is of `AbortSignal.timeout()`
 *   and ran out. The error's `name` is `"TimeoutError"`.
 * - `closed`: the classifier was closed.
 * - `out-of-memory`: the model or a text needs more memory than WebAssembly has, or a file of the
 *   model is larger than 1 GiB. The next call starts with a new instance.
 * - `internal`: a bug in this library, or a crash of its worker; see `cause`. The next call starts
 *   with a new instance.
 */
export type LitmusErrorCode =
  | "invalid-input"
  | "empty-text"
  | "text-too-long"
  | "model-not-found"
  | "download-failed"
  | "checksum-mismatch"
  | "model-malformed"
  | "head-malformed"
  | "head-mismatch"
  | "head-not-extendable"
  | "model-unsupported"
  | "unsupported"
  | "aborted"
  | "timeout"
  | "closed"
  | "out-of-memory"
  | "internal";

/** The name of an error. Aborts and timeouts have the platform's names, so that code that handles those of `fetch` handles ours. */
function nameOf(code: unknown): "LitmusError" | "AbortError" | "TimeoutError" {
  if (code === "aborted") return "AbortError";
  return code === "timeout" ? "TimeoutError" : "LitmusError";
}

/** The class of every error that this package throws. */
export class LitmusError extends Error {
  /** `"AbortError"` for the code `aborted`, `"TimeoutError"` for `timeout`, else `"LitmusError"`. */
  override readonly name: "LitmusError" | "AbortError" | "TimeoutError";
  /** What went wrong. */
  readonly code: LitmusErrorCode;
  /** The array index of the text that caused the error. If several texts did, it is the index of one of them. */
  declare readonly index?: number;

  /**
   * @param code What went wrong.
   * @param message What went wrong, in words.
   * @param details The index of a text at fault, and the error that caused this one.
   */
  constructor(
    code: LitmusErrorCode,
    message: string,
    { index, cause }: { index?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.name = nameOf(code);
    this.code = code;
    if (index !== undefined) this.index = index;
  }
}

/** The error of every call after `close()`. */
export const closedError = (): LitmusError => new LitmusError("closed", "the classifier is closed");

/**
 * Whether an error is a `LitmusError`. Each entry point of the package is a bundle with its own copy of the class, so that
 * `instanceof` would miss the errors of the others.
 */
export function isLitmusError(error: unknown): error is LitmusError {
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  return typeof code === "string" && name === nameOf(code);
}

/** The error itself if it is a `LitmusError`, else one with the code `internal` whose cause it is. */
export function toLitmusError(error: unknown): LitmusError {
  if (isLitmusError(error)) return error;
  const { message } = Object(error) as { message?: unknown };
  return new LitmusError("internal", typeof message === "string" ? message : String(error), { cause: error });
}

/** An error with the same fields, but this index or none. The fields can be those that a worker has sent. */
export function withIndex(
  error: Pick<LitmusError, "code" | "message" | "cause">,
  index: number | undefined,
): LitmusError {
  const { code, message, cause } = error;
  return new LitmusError(code, message, { index, cause });
}
