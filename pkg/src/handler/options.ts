import type { Classifier } from "../api/classifier.js";
import { createClassifier } from "../api/create-classifier.js";
import { check, POSITIVE, type Rule } from "../shared/validate.js";

/** What the handler needs of a classifier. */
export type Predictor = Pick<Classifier, "predict" | "info">;

/**
 * Where results are kept: for instance a few lines around the Cache API, a key-value store or Redis. What it throws
 * fails no request; it is counted in `litmus_cache_errors_total`.
 */
export interface CacheStore {
  /** The value that was set under this key, if it is still there. */
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  /**
   * Keeps a value. A key is 64 hexadecimal digits, made of the model's checksums, the options and the text; a value is
   * JSON of a few hundred bytes, and of about a hundred more for each word that it explains.
   */
  set(key: string, value: string): unknown;
}

/** How much the built-in cache holds. */
export interface CacheLimits {
  /** Milliseconds after which a result is computed again: 10 minutes by default. */
  ttl?: number | undefined;
  /** 1,000 by default. The one that was used least recently goes first. */
  entries?: number | undefined;
  /** Bytes of keys and values together, 4,000,000 by default. */
  bytes?: number | undefined;
}

/** What is refused. */
export interface Limits {
  /** Bytes of a request's body, 1,000,000 by default. More is answered with 413. */
  body?: number | undefined;
  /** Milliseconds that a request's body may take to arrive, 10,000 by default. More is answered with 408. */
  bodyTime?: number | undefined;
  /**
   * Milliseconds that an answer may take, or the next line of a stream, 20,000 by default: long texts and explanations
   * are many predictions each. More is answered with 503. So long a client may also leave a line unread; then the rest is
   * not computed.
   */
  time?: number | undefined;
  /** Texts in a request, 1,000 by default. More is answered with 413. */
  texts?: number | undefined;
  /** Texts that wait for their answer, 1,000 by default. While there are that many, the answer is 429. */
  queue?: number | undefined;
}

/** Options of `createHandler`. */
export interface HandlerOptions {
  /**
   * Who predicts: a classifier, or a function that gives one, called with the first request and again some seconds
   * after it failed. By default, `createClassifier()`. The handler does not close it.
   */
  classifier?: Predictor | Promise<Predictor> | (() => Predictor | Promise<Predictor>) | undefined;
  /**
   * Milliseconds that a request waits for the model to be loaded before it is answered with 503; none by default. Give
   * some where requests are what starts the program, as in service workers and on edge platforms.
   */
  loadTime?: number | undefined;
  /** Limits of the built-in cache, a store of yours in place of it, or `false` for none. */
  cache?: CacheLimits | CacheStore | false | undefined;
  limits?: Limits | undefined;
  /** What the paths begin with, `"/"` by default. */
  base?: string | undefined;
  /** Is told of what was answered with 500, or refused because the model did not load. By default, `console.error`. */
  onError?: ((error: unknown) => void) | undefined;
}

const LIMITS = { body: 1_000_000, bodyTime: 10_000, time: 20_000, texts: 1000, queue: 1000 };
const CACHE = { ttl: 600_000, entries: 1000, bytes: 4_000_000 };

const ANYTHING: Rule = ["anything", () => true];

const RULES: Record<string, Rule> = {
  classifier: ANYTHING,
  loadTime: ["a number of milliseconds", (value) => (value as number) >= 0],
  cache: ANYTHING,
  limits: ANYTHING,
  base: ['a path that begins and ends with "/"', (value) => typeof value === "string" && /^\/(.*\/)?$/s.test(value)],
  onError: ["a function", (value) => typeof value === "function"],
};

export interface Settings {
  open: () => Predictor | Promise<Predictor>;
  loadTime: number;
  cache: typeof CACHE | CacheStore | false;
  limits: typeof LIMITS;
  base: string;
  onError: (error: unknown) => void;
}

/** Numbers where some may be given, all from 1 on. */
function numbers<T extends Record<string, number>>(given: object | undefined, defaults: T, what: string): T {
  check(given, Object.fromEntries(Object.keys(defaults).map((name) => [name, POSITIVE])), what);
  return { ...defaults, ...Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) };
}

const isStore = (cache: object): cache is CacheStore => "get" in cache;

export function settings(options: HandlerOptions): Settings {
  check(options, RULES);
  const { classifier = () => createClassifier(), loadTime = 0, cache = {}, limits, base = "/", onError } = options;
  return {
    open: typeof classifier === "function" ? classifier : () => classifier,
    loadTime,
    cache: cache && (isStore(cache) ? cache : numbers(cache, CACHE, "cache")),
    limits: numbers(limits, LIMITS, "limits"),
    base,
    onError: onError ?? ((error) => console.error(error)),
  };
}
