import { LitmusError } from "./errors.js";
import type { PredictOptions } from "./types.js";

// JavaScript callers get no type errors, so what the types promise is checked here, before any work.

/** A value as an error message shows it. */
function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return value === undefined ? "undefined" : `a value of type ${typeof value}`;
}

function invalid(message: string, index?: number): LitmusError {
  return new LitmusError("invalid-input", message, index === undefined ? {} : { index });
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

export function checkText(text: unknown): asserts text is string {
  if (typeof text !== "string") throw invalid(`text must be a string, not ${describe(text)}`);
}

export function checkTexts(texts: unknown): asserts texts is string | readonly string[] {
  if (!Array.isArray(texts)) {
    if (typeof texts !== "string") throw invalid(`text must be a string or an array of strings, not ${describe(texts)}`);
    return;
  }
  // Not forEach, which would skip the holes of a sparse array.
  for (let index = 0; index < texts.length; index++) {
    if (typeof texts[index] !== "string") {
      throw invalid(`text ${index} must be a string, not ${describe(texts[index])}`, index);
    }
  }
}

export function checkPredictOptions(options: PredictOptions | undefined): void {
  checkKeys(options, ["topK"]);
  const topK: unknown = options?.topK;
  if (topK !== undefined && !(Number.isInteger(topK) && (topK as number) >= 1)) {
    throw invalid(`topK must be an integer of at least 1, not ${typeof topK === "number" ? topK : describe(topK)}`);
  }
}
