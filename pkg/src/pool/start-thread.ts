import type { Instance } from "../engine/instance.js";
import { platform } from "../platform/platform.js";
import { InlineThread } from "./inline-thread.js";
import type { Thread } from "./thread.js";
import { WorkerThread } from "./worker-thread.js";

/** Where there are no workers, or none can be started, everything runs on the thread that asks. */
export async function startThread(
  worker: (() => Worker) | undefined,
  instance: Instance,
  many = false,
): Promise<Thread> {
  const kind = many && platform.worker ? platform.worker : platform.workers && typeof Worker === "function" && worker;
  if (worker && kind) {
    try {
      const thread = new WorkerThread(kind());
      await thread.ready;
      return thread;
    } catch {
      // Its script is out of reach, or of another origin.
    }
  }
  return new InlineThread(instance);
}
