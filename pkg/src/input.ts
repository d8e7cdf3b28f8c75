import { LitmusError } from "./errors.js";
import type { CallOptions, ClassifierOptions, PredictOptions, StreamOptions } from "./types.js";

// JavaScript callers get no type errors, so what the types promise is checked here, before any work.

/** A value as an error message shows it. */
function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return value === undefined ? "undefined" : `a value of type ${typeof value}`;
}

/** Refuses what does not hold of a value; `what` says what should. */
function must(holds: boolean, what: string, value: unknown): void {
  if (holds) return;
  const shown = typeof value === "string" ? `"${value}"` : typeof value === "number" ? value : describe(value);
  throw invalid(`${what}, not ${shown}`);
}

const isInteger = (value: unknown, from: number, to = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isInteger(value) && (value as number) >= from && (value as number) <= to;

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
  checkKeys(options, ["signal", "timeout", ...more]);
  const { signal, timeout = 1 }: { signal?: unknown; timeout?: unknown } = options ?? {};
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid(`signal must be an AbortSignal, not ${describe(signal)}`);
  }
  // More milliseconds than that, and timers are none.
  must(isInteger(timeout, 1, 2 ** 31 - 1), "timeout must be an integer of milliseconds from 1 to 2147483647", timeout);
}

/** `onProgress` is the one option of `predict` and `stream` that they take differently. */
export function checkPredictOptions(options: PredictOptions | StreamOptions = {}): void {
  checkCallOptions(options, ["topK", "threshold", "longText", "explain", "onProgress"]);
  checkFunction(options.onProgress, "onProgress");
  const { topK = 1, threshold = 0, longText = "window", explain = false }: { [K in keyof PredictOptions]: unknown } = options;
  must(isInteger(topK, 1), "topK must be an integer of at least 1", topK);
  must(typeof threshold === "number" && threshold >= 0 && threshold <= 1, "threshold must be a number from 0 to 1", threshold);
  must(["window", "truncate", "error"].includes(longText as string), 'longText must be "window", "truncate" or "error"', longText);
  if (typeof explain !== "boolean") checkExplain(explain);
}

function checkExplain(explain: unknown): void {
  checkKeys(explain, ["label", "method", "samples", "seed"], "explain");
  const { label = "", method = "occlusion", samples, seed } = explain as Record<string, unknown>;
  must(typeof label === "string", "explain.label must be a string", label);
  must(method === "occlusion" || method === "shapley", 'explain.method must be "occlusion" or "shapley"', method);
  must(samples === undefined || isInteger(samples, 1, 1000), "explain.samples must be an integer from 1 to 1000", samples);
  must(seed === undefined || isInteger(seed, 0), "explain.seed must be an integer of at least 0", seed);
  // With the other they would do nothing.
  const sampled = method === "shapley" || (samples ?? seed) === undefined;
  must(sampled, 'explain.samples and explain.seed need method "shapley"', method);
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
  must(typeof worker === "boolean" || isInteger(worker, 1), "worker must be true, false or how many, from 1", worker);
  must(typeof cache === "boolean", "cache must be true or false", cache);
}
