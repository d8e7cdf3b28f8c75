import { Engine, toFailure } from "../engine/engine.js";
import type { DownloadProgress } from "../shared/model-types.js";
import type { FromWorker, ToWorker } from "../shared/protocol.js";
import type { PredictionProgress } from "../shared/types.js";

/** The global scope of a worker. TypeScript's DOM library only has that of pages. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onmessageerror: (() => void) | null;
  postMessage(message: FromWorker): void;
}

/** Answers requests: the worker's end of the protocol between page and worker. The page's end is worker-thread.ts. */
export function answerMessages(): void {
  const scope = globalThis as unknown as WorkerScope;
  const engine = new Engine();
  const running = new Map<number, AbortController>();

  scope.onmessage = async ({ data: message }) => {
    const { id } = message;
    if (message.type === "abort") {
      running.get(id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const listener = (progress: DownloadProgress | PredictionProgress) =>
        scope.postMessage({ type: "progress", id, progress });
      const value = await engine.answer(message.request, controller.signal, message.report ? listener : undefined);
      scope.postMessage({ type: "done", id, value, memoryBytes: engine.memoryBytes });
    } catch (error) {
      scope.postMessage({ type: "failed", id, failure: toFailure(error), crashed: engine.broken });
    } finally {
      running.delete(id);
    }
  };
  // The request in the message is not known. The error is not caught, so that it reaches the page as an error of the worker.
  scope.onmessageerror = () => {
    throw new Error("a message to the worker could not be deserialised");
  };
  scope.postMessage({ type: "ready" });
}
