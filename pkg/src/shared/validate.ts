import { LitmusError, withIndex } from "./errors.js";
import type { Precision } from "./model-types.js";
import { PREDICTION_OPTIONS, SHAPLEY_ONLY } from "./options.js";
import type { AnyTaskOptions } from "./task-types.js";
import type { TextInput } from "./types.js";

// Checks arguments before any work is done, for callers whose types were not checked by TypeScript.

/** The expected value, as error messages state it, and the check. A check may throw an error that says more. */
export type Rule = readonly [expected: string, accepts: (value: unknown) => boolean];

/** The rules of options, by name. */
type Rules = Record<string, Rule>;

/** The keywords of JSON Schema that options.ts uses. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
}

/** A value in an error message. */
function formatValue(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "number" || value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return isA(value, "Promise") ? "a promise: await it" : `a value of type ${classOf(value)}`;
}

export function invalidInput(message: string, index?: number): LitmusError {
  return new LitmusError("invalid-input", message, { index });
}

/** The error for a wrong value. `index` is the index of the text at fault. */
export const wrongValue = (name: string, expected: string, value: unknown, index?: number): LitmusError =>
  invalidInput(`${name} must be ${expected}, not ${formatValue(value)}`, index);

interface PlatformClasses {
  "AbortSignal": AbortSignal;
  "ArrayBuffer": ArrayBuffer;
  "Blob": Blob;
  "File": File;
  "Promise": Promise<unknown>;
  "Response": Response;
  "Uint8Array": Uint8Array;
  "URL": URL;
  "WebAssembly.Module": WebAssembly.Module;
}

/** The name of a value's class, if that is a class of the platform, else `"Object"`. */
const classOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** Whether a value is of this class of the platform. Unlike `instanceof`, also of another realm: a frame, or jsdom in Jest. */
export const isA = <Name extends keyof PlatformClasses>(value: unknown, name: Name): value is PlatformClasses[Name] =>
  classOf(value) === name;

export const isBytes = (value: unknown): value is Uint8Array<ArrayBuffer> | ArrayBuffer =>
  isA(value, "ArrayBuffer") || isA(value, "Uint8Array");

export const isObject = (value: unknown): value is object => value !== null && typeof value === "object";

/** Whether a value is an object with keys of its own: no array, URL or promise. */
export const isRecord = (value: unknown): value is object => classOf(value) === "Object";

const isNumber = (value: unknown, from: number, to: number): value is number =>
  typeof value === "number" && value >= from && value <= to;

export const isInteger = (value: unknown, from: number, to = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isSafeInteger(value) && isNumber(value, from, to);

/**
 * Checks options against their rules. `name` is the name of the object in error messages, if it is an option itself. Unknown keys
 * are rejected: a misspelt option would be ignored. Returns `true`, so that a rule can call it.
 *
 * @throws LitmusError `invalid-input`
 */
export function checkOptions(options: unknown, rules: Rules, name?: string, required: readonly string[] = []): true {
  const title = name ?? "options";
  if (options === undefined) return true;
  if (!isRecord(options)) throw wrongValue(title, "an object", options);
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(rules, key)) continue;
    const owner = Object.hasOwn(CLASSIFIER, key) ? "createClassifier" : Object.hasOwn(PREDICT, key) && "predict";
    const known = Object.keys(rules).join(", ");
    throw invalidInput(
      `unknown key "${key}" in ${title} (known: ${known})${owner ? `: it is an option of ${owner}` : ""}`,
    );
  }
  for (const [key, [expected, accepts]] of Object.entries(rules)) {
    const value: unknown = options[key as keyof typeof options];
    if ((value !== undefined || required.includes(key)) && !accepts(value))
      throw wrongValue(name ? `${name}.${key}` : key, expected, value);
  }
  return true;
}

function rulesOf(properties: Readonly<Record<string, Schema>>): Rules {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, ruleOf(name, schema)]));
}

/** The rule for a value of this schema. With `additionalProperties`, the value can be given once or by task. */
function ruleOf(name: string, schema: Schema): Rule {
  const { type, enum: values, minimum = -Infinity, maximum = Infinity, properties, required } = schema;
  if (schema.additionalProperties) {
    const [expected, accepts] = ruleOf(name, schema.additionalProperties);
    const isByTask = (value: unknown) =>
      isRecord(value) && Object.values(value).every((value) => value === undefined || accepts(value));
    return [`${expected}, or such values by task`, (value) => accepts(value) || isByTask(value)];
  }
  if (values) {
    const quoted = values.map((value) => `"${value}"`);
    const expected = `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
    return [expected, (value) => values.includes(value as string)];
  }
  if (properties) {
    const rules = rulesOf(properties);
    if (required) return ["an object", (value) => checkOptions(value, rules, name, required)];
    const accepts = (value: unknown) =>
      typeof value === "boolean" || (isRecord(value) && checkOptions(value, rules, name));
    return ["true, false or an object", accepts];
  }
  if (type === "boolean") return BOOLEAN;
  if (type === "array") {
    const { minItems = 0, maxItems = Infinity } = schema;
    const accepts = (value: unknown) =>
      Array.isArray(value) &&
      isNumber(value.length, minItems, maxItems) &&
      value.every((item) => typeof item === "string");
    return [`an array of ${minItems} to ${maxItems} strings`, accepts];
  }
  if (type === "string") return STRING;
  if (type === "number")
    return [`a number from ${minimum} to ${maximum}`, (value) => isNumber(value, minimum, maximum)];
  const range = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  return [`an integer ${range}`, (value) => isInteger(value, minimum, maximum)];
}

export const ANYTHING: Rule = ["anything", () => true];
const STRING: Rule = ["a string", (value) => typeof value === "string"];
const BOOLEAN: Rule = ["true or false", (value) => typeof value === "boolean"];
const FUNCTION: Rule = ["a function", (value) => typeof value === "function"];

/** The longest delay of a timer in milliseconds: a longer one fires at once. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** Rules for `CallOptions`. */
export const CALL: Rules = {
  signal: ["an AbortSignal", (value) => isA(value, "AbortSignal")],
  timeout: [`an integer of milliseconds from 1 to ${MAX_DELAY_MS}`, (value) => isInteger(value, 1, MAX_DELAY_MS)],
};

/** Rules for `EmbedOptions`. */
export const EMBED: Rules = { ...CALL, onProgress: FUNCTION };

/** Rules for `PredictOptions` and `StreamOptions`. */
const PREDICT: Rules = { ...EMBED, ...rulesOf(PREDICTION_OPTIONS) };

const { zeroShot: _, ...BESIDE_ZERO_SHOT } = PREDICT;

/** Rules for `ZeroShotCallOptions`. Options of `predict` that contradict `zeroShot` pass here: `predict` rejects them and names them. */
export const ZERO_SHOT: Rules = { ...BESIDE_ZERO_SHOT, hypothesis: STRING, multiLabel: BOOLEAN };

/** Rules for `TeachOptions`. */
export const TEACH: Rules = { ...EMBED, multiLabel: BOOLEAN, other: BOOLEAN };

/** Rules for the options of a taught head's `export`. */
export const EXPORT: Rules = { examples: BOOLEAN };

const PRECISIONS = ["auto", "int8", "float32"] as const satisfies readonly Precision[];

/** Rules for `ClassifierOptions`. */
export const CLASSIFIER: Rules = {
  ...EMBED,
  model: ANYTHING, // model-source.ts checks it
  workers: ['"auto" or an integer of at least 0', (value) => value === "auto" || isInteger(value, 0)],
  wasm: ANYTHING, // wasm-source.ts checks it
  workerUrl: ["a URL", (value) => typeof value === "string" || isA(value, "URL")],
  cache: [
    '"always", "verified", true or false',
    (value) => ["always", "verified", true, false].includes(value as boolean),
  ],
  precision: ruleOf("precision", { enum: PRECISIONS }),
  task: STRING,
  head: ["a Uint8Array or an ArrayBuffer", isBytes],
};

/**
 * Checks the options of `predict` and `stream`, each by itself and those that depend on each other.
 *
 * @throws LitmusError `invalid-input`
 */
export function checkPredictOptions(options: AnyTaskOptions = {}): void {
  checkOptions(options, PREDICT);
  const explain = Object(options.explain) as { [key: string]: unknown };
  const { method = "occlusion", label } = explain;
  if (!options.tasks && (isObject(options.threshold) || isObject(label))) {
    throw invalidInput("a threshold or a label by task needs the option tasks");
  }
  const ignored = SHAPLEY_ONLY.filter((key) => explain[key] !== undefined);
  if (method !== "shapley" && ignored.length > 0) {
    throw invalidInput(`explain.samples and explain.seed need method "shapley", not "${method}"`);
  }
}

/** Rules for a `TextInput` that is an object. */
const TEXT_INPUT: Rules = { text: STRING, pair: STRING };

/** Whether a value is a string, or an object with the string `text`, perhaps the string `pair`, and no other keys. */
export function isTextInput(value: unknown): value is TextInput {
  if (typeof value === "string") return true;
  if (!isObject(value)) return false;
  const { text, pair, ...rest } = value as { text?: unknown; pair?: unknown };
  return typeof text === "string" && (pair === undefined || typeof pair === "string") && Object.keys(rest).length === 0;
}

/** The error for a value that is no text. `index` is its index in the array of texts. */
export const wrongText = (text: unknown, index: number): LitmusError =>
  wrongInput(`text ${index}`, "a string or { text, pair }", text, index);

/** The error for the value `name` that is no text: about one of its keys if it is an object. */
function wrongInput(name: string, expected: string, value: unknown, index?: number): LitmusError {
  try {
    if (isRecord(value)) checkOptions(value, TEXT_INPUT, name, ["text"]);
  } catch (error) {
    return withIndex(error as LitmusError, index);
  }
  return wrongValue(name, expected, value, index);
}

export function checkText(text: unknown): asserts text is string {
  if (typeof text !== "string") throw wrongValue("text", "a string", text);
}

export function checkTexts(texts: unknown): asserts texts is TextInput | readonly TextInput[] {
  if (isTextInput(texts)) return;
  if (!Array.isArray(texts)) throw wrongInput("text", "a string, { text, pair } or an array of these", texts);
  // forEach would skip the holes of a sparse array.
  for (const [index, text] of texts.entries()) if (!isTextInput(text)) throw wrongText(text, index);
}

/** A copy of a checked text. */
export const copyInput = (input: TextInput): TextInput =>
  typeof input === "string" ? input : { text: input.text, pair: input.pair };

/**
 * A copy of checked texts. A caller may change an array while its texts are read, and a worker receives plain objects only, not the
 * proxies of frameworks such as Vue.
 */
export const copyTexts = <Texts extends TextInput | readonly TextInput[]>(texts: Texts): Texts =>
  (Array.isArray(texts) ? texts.map(copyInput) : copyInput(texts as TextInput)) as Texts;

/** Checks the source of a stream. A string is rejected, although it is iterable: its characters would be taken for texts. */
export function checkSource(source: unknown): asserts source is Iterable<unknown> | AsyncIterable<unknown> {
  if (!isObject(source) || !(Symbol.iterator in source || Symbol.asyncIterator in source)) {
    throw invalidInput(`stream takes an iterable of texts, not ${formatValue(source)}`);
  }
}
