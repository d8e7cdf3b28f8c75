import { Engine, failure } from "../engine/engine.js";
import type { Instance } from "../engine/instance.js";
import type { FromWorker, ToWorker } from "../shared/protocol.js";
import type { PredictProgress, Progress } from "../shared/types.js";

/** What a worker's global scope has; the DOM library of TypeScript only knows that of pages. */
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onmessageerror: (() => void) | null;
  postMessage(message: FromWorker): void;
}

/** Answers the requests that this worker gets. */
export function serve(instance: Instance): void {
  const scope = globalThis as unknown as Scope;
  const engine = new Engine(instance);
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
      const listener = (progress: Progress | PredictProgress) => scope.postMessage({ type: "progress", id, progress });
      const value = await engine.answer(message.request, controller.signal, message.report ? listener : undefined);
      scope.postMessage({ type: "done", id, value, memoryBytes: engine.memoryBytes });
    } catch (error) {
      scope.postMessage({ type: "failed", id, failure: failure(error), crashed: engine.broken });
    } finally {
      running.delete(id);
    }
  };
  // Thrown where no request catches it, it reaches the page as an error of the worker.
  scope.onmessageerror = () => {
    throw new Error("a message to the worker could not be read");
  };
  scope.postMessage({ type: "ready" });
}
