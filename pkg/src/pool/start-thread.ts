import { platform } from "../platform/platform.js";
import type { ClassifierOptions } from "../shared/types.js";
import { InlineThread } from "./inline-thread.js";
import type { Thread } from "./thread.js";
import { WorkerThread } from "./worker-thread.js";

/**
 * Starts a thread: a worker if the option `workers` allows it and the platform has them, else the calling thread. Also the
 * calling thread if the worker's script cannot be loaded, for instance because it is of another origin.
 */
export async function startThread(
  workers: NonNullable<ClassifierOptions["workers"]>,
  startWebWorker: () => Worker,
): Promise<Thread> {
  const startWorker = chooseWorker(workers, startWebWorker);
  if (!startWorker) return new InlineThread();
  try {
    const thread = new WorkerThread(startWorker());
    await thread.ready;
    return thread;
  } catch {
    return new InlineThread();
  }
}

function chooseWorker(workers: "auto" | number, startWebWorker: () => Worker): (() => Worker) | undefined {
  if (workers === 0) return undefined;
  if (workers !== "auto" && platform.startWorkerThread) return platform.startWorkerThread;
  return platform.hasWebWorkers && typeof Worker === "function" ? startWebWorker : undefined;
}
