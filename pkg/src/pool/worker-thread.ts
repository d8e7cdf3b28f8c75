import { isTimeout, throwIfAborted, whenAborted } from "../shared/abort.js";
import { closedError, LitmusError, withIndex } from "../shared/errors.js";
import type { DownloadProgress } from "../shared/model-types.js";
import type { FromWorker, Listener, Reply, Request, ToWorker } from "../shared/protocol.js";
import type { PredictionProgress } from "../shared/types.js";
import type { Thread } from "./thread.js";

/** A worker that has not stopped a request this many milliseconds after its timeout is terminated. */
const GRACE_MS = 1000;

/** The reason for a script that was not loaded: browsers do not tell these two cases apart; see worker-failure.ts. */
const NOT_LOADED = "its script could not be loaded, or the page's embedder policy forbids it";

/** A request without a reply yet. */
interface Pending {
  resolve(value: Reply<Request>): void;
  reject(error: LitmusError): void;
  listener: Listener<Request>;
}

/** A worker as a thread: the page's end of the protocol between page and worker. The worker's end is worker-main.ts. */
export class WorkerThread implements Thread {
  readonly runsIn: "worker" | "worker-threads";
  broken = false;
  memoryBytes = 0;
  /** Resolves when the worker has run its script; rejects if it cannot. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(worker: Worker, runsIn: WorkerThread["runsIn"] = "worker") {
    this.#worker = worker;
    this.runsIn = runsIn;
    this.ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) =>
        data.type === "ready" ? resolve() : this.#receive(data);
      const fail = (message: string, cause: unknown) => {
        const error = new LitmusError("internal", message, { cause });
        reject(error);
        this.#fail(error);
      };
      worker.onerror = (event) => {
        event.preventDefault(); // the browser need not report it: the calls that fail do
        fail(`the worker failed: ${event.message ?? NOT_LOADED}`, event.error ?? event);
      };
      worker.onmessageerror = (event) => fail("a message from the worker could not be deserialised", event);
    });
  }

  async send<R extends Request>(request: R, signal?: AbortSignal, listener?: Listener<R>): Promise<Reply<R>> {
    if (this.broken) throw new LitmusError("internal", "the worker was terminated: call again, and another one starts");
    throwIfAborted(signal);
    const id = ++this.#lastId;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const removeListener = whenAborted(signal, () => {
      this.#post({ type: "abort", id });
      if (isTimeout(signal?.reason)) timer = setTimeout(() => this.terminate(), GRACE_MS);
    });
    try {
      this.#post({ type: "request", id, request, report: !!listener });
      const reply = new Promise<Reply<Request>>((resolve, reject) =>
        this.#pending.set(id, { resolve, reject, listener: listener as Listener<Request> }),
      );
      return (await reply) as Reply<R>;
    } finally {
      clearTimeout(timer);
      removeListener();
    }
  }

  terminate(): void {
    this.#fail(closedError());
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: Exclude<FromWorker, { type: "ready" }>): void {
    const pending = this.#pending.get(message.id);
    if (message.type === "progress") {
      pending?.listener?.(message.progress as DownloadProgress & PredictionProgress);
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

  /** Terminates the worker and rejects its requests. */
  #fail(error: LitmusError): void {
    this.broken = true;
    this.memoryBytes = 0;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
