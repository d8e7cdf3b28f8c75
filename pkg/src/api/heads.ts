import { embed } from "./embed.js";
import type { HeadsScript } from "./load-heads.js";
import { taskClassifier, taskPool } from "./tasks.js";
import { loadHead, teach } from "./teach.js";

/** What only heads need. */
export const heads: HeadsScript = {
  embed,
  taskPool,
  open: (pool, info, { head, task }, signal) =>
    head ? loadHead(pool, info, head, signal) : taskClassifier(pool, info, task as string, signal),
  teach,
};
