import { LRUCache } from "lru-cache";
import type { Prediction } from "../shared/types.js";
import type { CacheStore, Predictor, Settings } from "./options.js";
import { isPrediction, type ScoreOptions } from "./schema.js";

/** The options, and those of `explain`, in the order in which they are in a key. */
const OPTIONS = ["topK", "threshold", "longText", "explain", "label", "method", "samples", "seed"];

/** What tells models apart: the checksums of all of its files, or else that nobody else has loaded this one. */
function identity({ info }: Predictor): string {
  const sums = info.files.map(({ sha256 }) => sha256);
  return sums.length > 0 && sums.every(Boolean) ? sums.join() : crypto.randomUUID();
}

function builtIn({ ttl, entries, bytes }: Exclude<Settings["cache"], CacheStore | false>): CacheStore {
  const lru = new LRUCache<string, string>({
    max: entries,
    ttl,
    maxSize: bytes,
    sizeCalculation: (value, key) => value.length + key.length,
  });
  return { get: (key) => lru.get(key), set: (key, value) => lru.set(key, value) };
}

/** Results by what they were computed from. A store that fails is one that has nothing. */
export class Results {
  readonly #store: CacheStore | undefined;
  /** Whether keys leave this program: they are hashes then, which tell nothing and have a length. */
  readonly #foreign: boolean;
  readonly #failed: (operation: "get" | "set") => void;
  readonly #identities = new WeakMap<Predictor, string>();

  constructor(cache: Settings["cache"], failed: (operation: "get" | "set") => void) {
    this.#store = cache === false ? undefined : "get" in cache ? cache : builtIn(cache);
    this.#foreign = cache !== false && "get" in cache;
    this.#failed = failed;
  }

  async key(model: Predictor, options: ScoreOptions, text: string): Promise<string> {
    let whose = this.#identities.get(model);
    if (!whose) this.#identities.set(model, (whose = identity(model)));
    const key = `${JSON.stringify(options, OPTIONS)} ${whose} ${text}`;
    if (!this.#foreign) return key;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async get(key: string): Promise<Prediction | undefined> {
    try {
      const value = await this.#store?.get(key);
      if (value === undefined || value === null) return undefined;
      const prediction: unknown = JSON.parse(value);
      if (isPrediction(prediction)) return prediction;
    } catch {
      // Out of reach, or it holds something else.
    }
    this.#failed("get");
    return undefined;
  }

  async set(key: string, prediction: Prediction): Promise<void> {
    try {
      await this.#store?.set(key, JSON.stringify(prediction));
    } catch {
      this.#failed("set");
    }
  }
}
