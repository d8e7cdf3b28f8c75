import { LitmusError } from "./errors.js";
import type { PredictOptions, StreamOptions } from "./types.js";

// JavaScript callers get no type errors, so what the types promise is checked here, before any work.

/** What a value must be, and whether it is. */
export type Rule = readonly [what: string, holds: (value: unknown) => boolean];

/** A value as an error message shows it. */
function shown(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "number" || value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}

function invalid(message: string, index?: number): LitmusError {
  return new LitmusError("invalid-input", message, { index });
}

/** The refusal of a value; `index` is that of its text. */
export const mustBe = (name: string, what: string, value: unknown, index?: number): LitmusError =>
  invalid(`${name} must be ${what}, not ${shown(value)}`, index);

export const isObject = (value: unknown): value is object => value !== null && typeof value === "object";

const integer =
  (from: number, to = Infinity) =>
  (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;

export const POSITIVE: Rule = ["an integer of at least 1", integer(1)];
export const ANYTHING: Rule = ["anything", () => true];
const FUNCTION: Rule = ["a function", (value) => typeof value === "function"];

/** Each option must be what its rule says. One that is misspelt would do nothing, and is refused. */
export function check(options: unknown, rules: Record<string, Rule>, name?: string): true {
  const all = name ?? "options";
  if (options === undefined) return true;
  if (!isObject(options) || Array.isArray(options)) throw mustBe(all, "an object", options);
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(rules, key)) throw invalid(`unknown key "${key}" in ${all} (known: ${Object.keys(rules).join(", ")})`);
  }
  for (const [key, [what, holds]] of Object.entries(rules)) {
    const value: unknown = options[key as keyof typeof options];
    if (value !== undefined && !holds(value)) throw mustBe(name ? `${name}.${key}` : key, what, value);
  }
  return true;
}

export const CALL: Record<string, Rule> = {
  signal: ["an AbortSignal", (value) => value instanceof AbortSignal],
  // More milliseconds than that, and timers are none.
  timeout: ["an integer of milliseconds from 1 to 2147483647", integer(1, 2 ** 31 - 1)],
};

const EXPLAIN: Record<string, Rule> = {
  label: ["a string", (value) => typeof value === "string"],
  method: ['"occlusion" or "shapley"', (value) => ["occlusion", "shapley"].includes(value as string)],
  samples: ["an integer from 1 to 1000", integer(1, 1000)],
  seed: ["an integer of at least 0", integer(0)],
};

const PREDICT: Record<string, Rule> = {
  ...CALL,
  topK: POSITIVE,
  threshold: ["a number from 0 to 1", (value) => typeof value === "number" && value >= 0 && value <= 1],
  longText: ['"window", "truncate" or "error"', (value) => ["window", "truncate", "error"].includes(value as string)],
  explain: ["an object", (value) => typeof value === "boolean" || check(value, EXPLAIN, "explain")],
  onProgress: FUNCTION,
};

export const CLASSIFIER: Record<string, Rule> = {
  ...CALL,
  model: ANYTHING, // places.ts knows what it can be
  worker: ["true, false or how many, from 1", (value) => typeof value === "boolean" || POSITIVE[1](value)],
  cache: ["true or false", (value) => typeof value === "boolean"],
  onProgress: FUNCTION,
};

/** `onProgress` is the one option of `predict` and `stream` that they take differently. */
export function checkPredictOptions(options: PredictOptions | StreamOptions = {}): void {
  check(options, PREDICT);
  const { method = "occlusion", samples, seed } = Object(options.explain) as { [K: string]: unknown };
  // With the other they would do nothing.
  if (method !== "shapley" && (samples ?? seed) !== undefined) {
    throw invalid(`explain.samples and explain.seed need method "shapley", not "${method}"`);
  }
}

/** What is wrong with a text that is none; `index` counts within its batch. */
export function notText(text: unknown, index?: number): LitmusError {
  return mustBe(index === undefined ? "text" : `text ${index}`, "a string", text, index);
}

export function checkText(text: unknown): asserts text is string {
  if (typeof text !== "string") throw notText(text);
}

export function checkTexts(texts: unknown): asserts texts is string | readonly string[] {
  if (typeof texts === "string") return;
  if (!Array.isArray(texts)) throw mustBe("text", "a string or an array of strings", texts);
  // Not forEach, which would skip the holes of a sparse array.
  for (let index = 0; index < texts.length; index++) {
    if (typeof texts[index] !== "string") throw notText(texts[index], index);
  }
}

export function checkRows(rows: unknown): asserts rows is Iterable<unknown> | AsyncIterable<unknown> {
  // A string would be taken letter by letter.
  if (!isObject(rows) || !(Symbol.iterator in rows || Symbol.asyncIterator in rows)) {
    throw invalid(`stream takes an iterable of texts, not ${shown(rows)}`);
  }
}
