export { createHandler } from "../handler/handler.js";
export type { CacheLimits, CacheStore, HandlerOptions, Limits, Predictor } from "../handler/options.js";
