import { LRUCache } from "lru-cache";
import { toHex } from "../model/checksum.js";
import type { AnyPrediction } from "../shared/task-types.js";
import type { TextInput } from "../shared/types.js";
import { isObject } from "../shared/validate.js";
import type { CacheStore, Predictor, ResolvedOptions } from "./options.js";
import { isPrediction, type PredictionOptions } from "./schema.js";

/** For JSON.stringify: sorts the keys of objects, so that the order of options in a request does not matter. */
const sortKeys = (_: string, value: unknown): unknown =>
  isObject(value) && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value;

/** Predictions by model, options and text, in the built-in cache or in the caller's store. */
export class ResultCache {
  readonly #store: CacheStore | undefined;
  /** Whether the store is the caller's. Then its keys are hashes, so that no text leaves the program. */
  readonly #external: boolean;
  readonly #onFailure: (operation: "get" | "set") => void;
  readonly #modelIds = new WeakMap<Predictor, string>();

  /** `onFailure` is called when the store fails. The result then counts as not stored. */
  constructor(cache: ResolvedOptions["cache"], onFailure: (operation: "get" | "set") => void) {
    this.#store = cache === false ? undefined : "get" in cache ? cache : lruStore(cache);
    this.#external = cache !== false && "get" in cache;
    this.#onFailure = onFailure;
  }

  /** The key of a prediction. */
  async key(model: Predictor, options: PredictionOptions, input: TextInput): Promise<string> {
    const modelId = this.#modelIds.get(model) ?? identify(model);
    this.#modelIds.set(model, modelId);
    const { text, pair } = typeof input === "string" ? { text: input, pair: undefined } : input;
    // Without a pair, two spaces come before the text, so that no text can look like a pair.
    const key = `${JSON.stringify(options, sortKeys)} ${modelId} ${JSON.stringify(pair) ?? ""} ${text}`;
    if (!this.#external) return key;
    return toHex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  }

  /** The stored prediction, if there is one. Never rejects. */
  async get(key: string): Promise<AnyPrediction | undefined> {
    try {
      const value = await this.#store?.get(key);
      if (value === undefined || value === null) return undefined;
      const prediction: unknown = JSON.parse(value);
      if (isPrediction(prediction)) return prediction;
    } catch {
      // The store cannot be reached, or the value is not JSON.
    }
    this.#onFailure("get");
    return undefined;
  }

  /** Stores a prediction. Never rejects. */
  async set(key: string, prediction: AnyPrediction): Promise<void> {
    try {
      await this.#store?.set(key, JSON.stringify(prediction));
    } catch {
      this.#onFailure("set");
    }
  }
}

/**
 * An id of everything but options and text that a result depends on: the model's name and version, the checksums of its files, its
 * precision, its labels, which depend on its task, and the version of this package. A random id if a file has no checksum. Heads that are
 * files of a folder are not in `info`: a changed head needs a new version of the model.
 */
function identify({ info }: Predictor): string {
  const checksums = info.files.map(({ sha256 }) => sha256);
  const known = checksums.length > 0 && checksums.every(Boolean);
  if (!known) return crypto.randomUUID();
  return JSON.stringify([info.name, info.version, checksums, info.precision.option, info.labels, PACKAGE_VERSION]);
}

function lruStore({ ttl, entries, size }: Exclude<ResolvedOptions["cache"], CacheStore | false>): CacheStore {
  const lru = new LRUCache<string, string>({
    max: entries,
    ttl,
    maxSize: size,
    sizeCalculation: (value, key) => value.length + key.length,
  });
  return { get: (key) => lru.get(key), set: (key, value) => lru.set(key, value) };
}
