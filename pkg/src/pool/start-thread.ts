import { platform } from "../platform/platform.js";
import { toLitmusError } from "../shared/errors.js";
import type { ClassifierOptions } from "../shared/model-types.js";
import { InlineThread } from "./inline-thread.js";
import type { Thread } from "./thread.js";
import { PolicyWatch, warnOfMissingWorker } from "./worker-failure.js";
import { WorkerThread } from "./worker-thread.js";

/** Starts a worker from the script at `url`, by default from the package's own. */
type StartWorker = (url: URL | undefined) => Worker;

/**
 * Starts a thread: a worker if the option `workers` allows it and the platform has one, else the calling thread. If the
 * worker cannot be started, for instance because a policy of the page forbids it, warns and uses the calling thread. Never rejects.
 */
export async function startThread(
  workers: NonNullable<ClassifierOptions["workers"]>,
  startWebWorker: StartWorker,
  workerUrl?: URL,
): Promise<Thread> {
  const startWorker = chooseWorker(workers, startWebWorker);
  if (!startWorker) return new InlineThread();
  const policies = new PolicyWatch();
  try {
    const thread = new WorkerThread(
      startWorker(workerUrl),
      startWorker === startWebWorker ? "worker" : "worker-threads",
    );
    await thread.ready;
    return thread;
  } catch (error) {
    warnOfMissingWorker((await policies.violation()) ?? toLitmusError(error).message);
    return new InlineThread();
  } finally {
    policies.stop();
  }
}

/** The function that starts workers on this platform, or `undefined` for the calling thread. */
function chooseWorker(workers: "auto" | number, startWebWorker: StartWorker): StartWorker | undefined {
  if (workers === 0) return undefined;
  if (workers !== "auto" && platform.startWorkerThread) return platform.startWorkerThread;
  return platform.hasWebWorkers && typeof Worker === "function" ? startWebWorker : undefined;
}
