import { isTimeout, throwIfAborted, whenAborted } from "../shared/abort.js";
import { closed, LitmusError, withIndex } from "../shared/errors.js";
import type { FromWorker, Listener, Reply, Request, ToWorker } from "../shared/protocol.js";
import type { PredictProgress, Progress } from "../shared/types.js";
import type { Thread } from "./thread.js";

/** Milliseconds that a worker has to stop what took too long; then it is ended, and the next call starts another. */
const GRACE_MS = 1000;

interface Pending {
  resolve(value: Reply<Request>): void;
  reject(error: LitmusError): void;
  listener: Listener<Request>;
}

export class WorkerThread implements Thread {
  readonly apart = true;
  broken = false;
  memoryBytes = 0;
  /** Settles when the worker has loaded its script. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => (data.type === "ready" ? resolve() : this.#hear(data));
      const fail = (message: string, cause: unknown) => {
        const error = new LitmusError("internal", message, { cause });
        reject(error);
        this.#fail(error);
      };
      worker.onerror = (event) => {
        event.preventDefault(); // it is reported by the calls that it fails
        fail(`the worker failed: ${event.message ?? "its script could not be loaded"}`, event.error ?? event);
      };
      worker.onmessageerror = (event) => fail("a message of the worker could not be read", event);
    });
  }

  async ask<R extends Request>(request: R, signal?: AbortSignal, listener?: Listener<R>): Promise<Reply<R>> {
    if (this.broken) throw new LitmusError("internal", "the worker has ended");
    throwIfAborted(signal);
    const id = ++this.#lastId;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settled = whenAborted(signal, () => {
      this.#post({ type: "abort", id });
      if (isTimeout(signal?.reason)) timer = setTimeout(() => this.end(), GRACE_MS);
    });
    try {
      this.#post({ type: "request", id, request, report: !!listener });
      const answer = new Promise<Reply<Request>>((resolve, reject) =>
        this.#pending.set(id, { resolve, reject, listener: listener as Listener<Request> }),
      );
      return (await answer) as Reply<R>;
    } finally {
      clearTimeout(timer);
      settled();
    }
  }

  end(): void {
    this.#fail(closed());
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: Exclude<FromWorker, { type: "ready" }>): void {
    const pending = this.#pending.get(message.id);
    if (message.type === "progress") {
      pending?.listener?.(message.progress as Progress & PredictProgress);
      return;
    }
    this.#pending.delete(message.id);
    if (message.type === "done") {
      this.memoryBytes = message.memoryBytes;
      pending?.resolve(message.value);
      return;
    }
    const error = withIndex(message.failure, message.failure.index);
    pending?.reject(error);
    if (message.crashed) this.#fail(error);
  }

  #fail(error: LitmusError): void {
    this.broken = true;
    this.memoryBytes = 0;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
