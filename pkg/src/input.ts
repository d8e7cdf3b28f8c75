import { LitmusError } from "./errors.js";
import type { CallOptions, ClassifierOptions, PredictOptions, StreamOptions } from "./types.js";

// JavaScript callers get no type errors, so what the types promise is checked here, before any work.

/** A value as an error message shows it. */
function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return value === undefined ? "undefined" : `a value of type ${typeof value}`;
}

function invalid(message: string, index?: number): LitmusError {
  return new LitmusError("invalid-input", message, { index });
}

/** Options must be an object with no key outside `known`: a misspelt option would do nothing. */
export function checkKeys(options: unknown, known: readonly string[], what = "options"): void {
  if (options === undefined) return;
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw invalid(`${what} must be an object, not ${describe(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw invalid(`unknown key "${key}" in ${what} (known: ${known.join(", ")})`);
  }
}

/** What is wrong with a text that is none; `index` counts within its batch. */
export function notText(text: unknown, index?: number): LitmusError {
  const what = index === undefined ? "text" : `text ${index}`;
  return invalid(`${what} must be a string, not ${describe(text)}`, index);
}

export function checkText(text: unknown): asserts text is string {
  if (typeof text !== "string") throw notText(text);
}

export function checkTexts(texts: unknown): asserts texts is string | readonly string[] {
  if (!Array.isArray(texts)) {
    if (typeof texts !== "string") throw invalid(`text must be a string or an array of strings, not ${describe(texts)}`);
    return;
  }
  // Not forEach, which would skip the holes of a sparse array.
  for (let index = 0; index < texts.length; index++) {
    if (typeof texts[index] !== "string") throw notText(texts[index], index);
  }
}

export function checkFunction(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== "function") {
    throw invalid(`${name} must be a function, not ${describe(value)}`);
  }
}

export function checkCallOptions(options: CallOptions | undefined, more: readonly string[] = []): void {
  checkKeys(options, ["signal", ...more]);
  const signal: unknown = options?.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid(`signal must be an AbortSignal, not ${describe(signal)}`);
  }
}

export function checkPredictOptions(options: PredictOptions | undefined, more: readonly string[] = []): void {
  checkCallOptions(options, ["topK", ...more]);
  const topK: unknown = options?.topK;
  if (topK !== undefined && !(Number.isInteger(topK) && (topK as number) >= 1)) {
    throw invalid(`topK must be an integer of at least 1, not ${typeof topK === "number" ? topK : describe(topK)}`);
  }
}

export function checkStreamOptions(options: StreamOptions | undefined): void {
  checkPredictOptions(options, ["onProgress"]);
  checkFunction(options?.onProgress, "onProgress");
}

export function checkRows(rows: unknown): asserts rows is Iterable<unknown> | AsyncIterable<unknown> {
  const iterable = rows !== null && typeof rows === "object" && (Symbol.iterator in rows || Symbol.asyncIterator in rows);
  // A string would be taken letter by letter.
  if (!iterable) throw invalid(`stream takes an iterable of texts, not ${describe(rows)}`);
}

export function checkClassifierOptions(options: ClassifierOptions): void {
  checkCallOptions(options, ["model", "worker", "cache", "onProgress"]);
  checkFunction(options.onProgress, "onProgress");
  const { worker = true, cache = true }: { worker?: unknown; cache?: unknown } = options;
  if (typeof worker !== "boolean" && !(Number.isInteger(worker) && (worker as number) >= 1)) {
    throw invalid(`worker must be true, false or how many, from 1, not ${typeof worker === "number" ? worker : describe(worker)}`);
  }
  if (typeof cache !== "boolean") throw invalid(`cache must be true or false, not ${describe(cache)}`);
}
