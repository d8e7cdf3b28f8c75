import { isTimeout, never, throwIfAborted, whenAborted } from "./abort.js";
import { Engine } from "./engine.js";
import { closed, LitmusError, withIndex } from "./errors.js";
import type { Instance } from "./instance.js";
import { platform } from "./load.js";
import type { FromWorker, Listener, Reply, Request, ToWorker } from "./protocol.js";
import type { PredictProgress, Progress } from "./types.js";

/** Milliseconds that a worker has to stop what took too long; then it is ended, and the next call starts another. */
const GRACE_MS = 1000;

/** Runs one model: a worker, or the thread that asks. */
export interface Thread {
  /** Whether it works apart from the thread that asks. */
  readonly apart: boolean;
  /** Whether it has crashed, so that another must take its place. */
  readonly broken: boolean;
  /** Size of its WebAssembly memory. */
  readonly memoryBytes: number;
  ask<R extends Request>(request: R, signal?: AbortSignal, listener?: Listener<R>): Promise<Reply<R>>;
  /** Stops what it does and gives its memory back. What it was asked is rejected, or never answered. */
  end(): void;
}

class Here implements Thread {
  readonly apart = false;
  readonly #engine: Engine;

  constructor(instance: Instance) {
    this.#engine = new Engine(instance);
  }

  get broken(): boolean {
    return this.#engine.broken;
  }

  get memoryBytes(): number {
    return this.#engine.memoryBytes;
  }

  async ask<R extends Request>(request: R, signal = never(), listener?: Listener<R>): Promise<Reply<R>> {
    return (await this.#engine.answer(request, signal, listener as Listener<Request>)) as Reply<R>;
  }

  end(): void {
    this.#engine.end();
  }
}

interface Pending {
  resolve(value: Reply<Request>): void;
  reject(error: LitmusError): void;
  listener: Listener<Request>;
}

class Apart implements Thread {
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

/** Where there are no workers, or none can be started, everything runs on the thread that asks. */
export async function startThread(
  worker: (() => Worker) | undefined,
  instance: Instance,
  many = false,
): Promise<Thread> {
  const kind = many && platform.worker ? platform.worker : platform.workers && typeof Worker === "function" && worker;
  if (worker && kind) {
    try {
      const thread = new Apart(kind());
      await thread.ready;
      return thread;
    } catch {
      // Its script is out of reach, or of another origin.
    }
  }
  return new Here(instance);
}
