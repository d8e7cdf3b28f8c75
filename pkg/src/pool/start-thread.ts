import { platform } from "../platform/platform.js";
import { neverAborts, throwIfAborted, unlessAborted, withSignal } from "../shared/abort.js";
import { toLitmusError } from "../shared/errors.js";
import type { ClassifierOptions } from "../shared/model-types.js";
import { InlineThread } from "./inline-thread.js";
import type { Thread } from "./thread.js";
import { PolicyWatch, warnOfMissingWorker } from "./worker-failure.js";
import { WorkerThread } from "./worker-thread.js";

/**
 * Milliseconds for a worker to load and run its script. A script of something else loads, too, but never says that it is ready: without a
 * limit, the load of the model would wait for it forever.
 */
const START_MS = 30_000;
const SILENT = "its script did not start within 30 s: workerUrl must be the URL of litmus-text/worker";

/** Starts a worker from the script at `url`, by default from the package's own. */
type StartWorker = (url: URL | undefined) => Worker;

/**
 * Starts a thread: a worker if the option `workers` allows it and the platform has one, else the calling thread. If the
 * worker cannot be started, for instance because a policy of the page forbids it, warns and uses the calling thread.
 *
 * @throws LitmusError `aborted`, `timeout` if `signal` is aborted first; a worker that was being started is terminated
 */
export async function startThread(
  workers: NonNullable<ClassifierOptions["workers"]>,
  startWebWorker: StartWorker,
  workerUrl?: URL,
  signal: AbortSignal = neverAborts(),
): Promise<Thread> {
  const startWorker = chooseWorker(workers, startWebWorker);
  if (!startWorker) return new InlineThread();
  const runsIn = startWorker === startWebWorker ? "worker" : "worker-threads";
  const policies = new PolicyWatch();
  let thread: WorkerThread | undefined;
  try {
    thread = new WorkerThread(startWorker(workerUrl), runsIn);
    const { ready } = thread;
    await withSignal({ signal, timeout: START_MS }, (stop) => unlessAborted(ready, stop));
    return thread;
  } catch (error) {
    thread?.terminate();
    throwIfAborted(signal);
    const { code, message } = toLitmusError(error);
    warnOfMissingWorker((await policies.violation()) ?? (code === "timeout" ? SILENT : message));
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
