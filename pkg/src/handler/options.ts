import type { Classifier } from "../api/classifier.js";
import { createClassifier } from "../api/create-classifier.js";
import { ANYTHING, checkOptions, isInteger, MAX_DELAY_MS, type Rule } from "../shared/validate.js";

/** The part of a classifier that the handler uses. */
export type Predictor = Pick<Classifier, "predict" | "info">;

/**
 * Stores results outside the handler: in the Cache API, a key-value store or Redis, for instance. An error that it
 * throws fails no request; `litmus_cache_errors_total` counts it.
 */
export interface CacheStore {
  /** Returns the value that was set under `key`, or nothing if it is not there any more. */
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  /**
   * Stores a value. `key` has 64 hexadecimal digits: a hash of the model's name, version, checksums and precision, the version of
   * this package, the options and the text. The files of heads are not in it: give the model another `version` in its `litmus.json`
   * when one of them changes. `value` is JSON of a few hundred bytes, plus about a hundred for each word of an explanation.
   */
  set(key: string, value: string): unknown;
}

/** Limits of the built-in cache. Each is an integer of at least 1. */
export interface CacheLimits {
  /** Milliseconds after which a result is computed again; 600,000 (10 minutes) by default. */
  ttl?: number | undefined;
  /** Number of results; 1,000 by default. A full cache drops the least recently used one. */
  entries?: number | undefined;
  /** Size of keys and values in UTF-16 code units; 4,000,000 by default. */
  size?: number | undefined;
}

/** Limits of requests and responses: integers of at least 1, except that a time is a number from 1 to 2,147,483,647. */
export interface Limits {
  /** Bytes of a request's body; 1,000,000 by default. A larger body is rejected with 413. */
  body?: number | undefined;
  /** Milliseconds for a request's body to arrive; 10,000 by default. A slower one is rejected with 408. */
  bodyTime?: number | undefined;
  /**
   * Milliseconds for a response, or for each line of a streamed one; 20,000 by default. Long texts and explanations
   * take many predictions. A slower response is 503. A client that does not read a line for so long ends its stream.
   */
  time?: number | undefined;
  /** Texts in a request; 1,000 by default. More are rejected with 413. */
  texts?: number | undefined;
  /** Texts that wait for their prediction; 1,000 by default. While that many wait, requests are rejected with 429. */
  queue?: number | undefined;
}

/** Options of `createHandler`. */
export interface HandlerOptions {
  /**
   * The classifier, or a function that loads it: called at the first request, and again some seconds after a failure.
   * A promise that rejects is never retried: pass a function. By default, `createClassifier()`. The handler never closes the
   * classifier.
   */
  classifier?: Predictor | Promise<Predictor> | (() => Predictor | Promise<Predictor>) | undefined;
  /**
   * Milliseconds that a request waits for the model to load, from 0 to 2,147,483,647; 30,000 by default. After that, the response is
   * 503 with `Retry-After`, and the load continues. `GET /health` never waits.
   */
  loadTime?: number | undefined;
  /** Limits of the built-in cache, a store to use instead, or `false` for no cache. */
  cache?: CacheLimits | CacheStore | false | undefined;
  /** Limits of requests and responses. */
  limits?: Limits | undefined;
  /** The prefix of the paths; `"/"` by default. */
  base?: string | undefined;
  /** Called with each error behind a 500 response and with each failed load of the model; `console.error` by default. */
  onError?: ((error: unknown) => void) | undefined;
}

const LOAD_TIME_MS = 30_000;
const LIMITS = { body: 1_000_000, bodyTime: 10_000, time: 20_000, texts: 1000, queue: 1000 };
const CACHE_LIMITS = { ttl: 600_000, entries: 1000, size: 4_000_000 };

/** Options with the defaults filled in. */
export interface ResolvedOptions {
  loadClassifier: () => Predictor | Promise<Predictor>;
  loadTime: number;
  cache: typeof CACHE_LIMITS | CacheStore | false;
  limits: typeof LIMITS;
  base: string;
  onError: (error: unknown) => void;
}

/** The rule for a delay of at least `min` milliseconds. */
const delay = (min: number): Rule => [
  `a number of milliseconds from ${min} to ${MAX_DELAY_MS}`,
  (value) => typeof value === "number" && value >= min && value <= MAX_DELAY_MS,
];

const RULES: Record<keyof HandlerOptions, Rule> = {
  classifier: ANYTHING, // a wrong value is reported as a failed load
  loadTime: delay(0),
  cache: ANYTHING, // checked by CACHE_RULES, as `limits` are by LIMIT_RULES
  limits: ANYTHING,
  base: ['a path that begins and ends with "/"', (value) => typeof value === "string" && /^\/(.*\/)?$/s.test(value)],
  onError: ["a function", (value) => typeof value === "function"],
};
const POSITIVE: Rule = ["an integer of at least 1", (value) => isInteger(value, 1)];
const LIMIT_RULES: Record<keyof Limits, Rule> = {
  body: POSITIVE,
  bodyTime: delay(1),
  time: delay(1),
  texts: POSITIVE,
  queue: POSITIVE,
};
const CACHE_RULES: Record<keyof CacheLimits, Rule> = { ttl: POSITIVE, entries: POSITIVE, size: POSITIVE };

/** @throws LitmusError `invalid-input`: an unknown option, or a value that is out of range */
export function resolveOptions(options: HandlerOptions): ResolvedOptions {
  checkOptions(options, RULES);
  const {
    classifier = () => createClassifier(),
    loadTime = LOAD_TIME_MS,
    cache = {},
    limits,
    base = "/",
    onError,
  } = options;
  return {
    loadClassifier: loaderOf(classifier),
    loadTime,
    cache: cache && (isStore(cache) ? cache : withDefaults(cache, CACHE_LIMITS, CACHE_RULES, "cache")),
    limits: withDefaults(limits, LIMITS, LIMIT_RULES, "limits"),
    base,
    onError: onError ? reporterOf(onError) : (error) => console.error(error),
  };
}

function loaderOf(classifier: NonNullable<HandlerOptions["classifier"]>): ResolvedOptions["loadClassifier"] {
  if (typeof classifier === "function") return classifier;
  // Until the first request asks for it, a rejection of the promise would be unhandled, which ends a process of Node.
  Promise.resolve(classifier).catch(() => undefined);
  return () => classifier;
}

/** Calls the caller's function. If that throws or rejects, prints both errors: the handler itself never rejects. */
const reporterOf = (onError: (error: unknown) => unknown) => (error: unknown) =>
  void (async () => onError(error))().catch((failure: unknown) => console.error(error, failure));

const isStore = (cache: object): cache is CacheStore => "get" in cache;

/** Checks the given limits, and fills in those that are not given. */
function withDefaults<T extends object>(
  given: object | undefined,
  defaults: T,
  rules: Record<string, Rule>,
  name: string,
): T {
  checkOptions(given, rules, name);
  const set = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(set) };
}
