// With them, it has as much of the code in common as page and worker: one file for all, which compresses better than two.
import "./create.js";
import "./once.js";
import "./serve.js";

export { createHandler } from "./handler/handler.js";
export type { CacheLimits, CacheStore, HandlerOptions, Limits, Predictor } from "./handler/options.js";
