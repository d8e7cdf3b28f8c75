import * as heads from "../api/heads.js";
import { headsScript } from "../api/load-heads.js";

export { createHandler } from "../handler/handler.js";
export type { CacheLimits, CacheStore, HandlerOptions, Limits, Predictor } from "../handler/options.js";

headsScript.load = async () => heads;
