import { platform } from "../platform/platform.js";
import { abortError, throwIfAborted, unlessAborted, whenAborted } from "../shared/abort.js";
import { closedError, type LitmusError, toLitmusError } from "../shared/errors.js";
import type { Listener, ModelInfo, OnProgress, Reply, Request } from "../shared/protocol.js";
import type { Thread } from "./thread.js";

/** Web workers are terminated after this many milliseconds without a call. The next call starts them again. */
const IDLE_MS = 60_000;

/** A request that waits for a thread or is being answered by one. */
interface QueuedRequest {
  request: Request;
  signal: AbortSignal | undefined;
  listener: Listener<Request>;
  resolve(value: Reply<Request>): void;
  reject(error: LitmusError): void;
  /** Gives the request to a thread. */
  assign(thread: Thread): void;
}

/** Loads the WebAssembly module and the model into threads: see thread-loader.ts. */
interface Loader {
  load(thread: Thread, onProgress: OnProgress, signal: AbortSignal): Promise<ModelInfo>;
  readonly shared: Promise<unknown>;
}

/** Starts a thread. Rejects if `signal` is aborted first. */
type StartThread = (signal: AbortSignal) => Promise<Thread>;

/** A pool as a classifier sees it. */
export type Pool = Pick<WorkerPool, "send" | "size" | "runsIn" | "memoryBytes" | "close">;

/** The queue of one classifier's requests, and its threads. */
export class WorkerPool {
  readonly #loader: Loader;
  readonly #startThread: StartThread;
  #size: number;
  readonly #waiting: QueuedRequest[] = [];
  readonly #running = new Set<QueuedRequest>();
  /** The loaded threads, and among them those without a request. */
  readonly #threads = new Set<Thread>();
  readonly #idle: Thread[] = [];
  /** The threads that are being loaded. */
  readonly #loading = new Set<Thread>();
  /** One controller per thread that is being started: in workerd, a request must not abort a signal of another request. */
  readonly #starting = new Set<AbortController>();
  #runsIn: Thread["runsIn"] = "page";
  #closed = false;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  /** A pool of at most `size` threads, which `startThread` starts and `loader` loads. */
  constructor(loader: Loader, startThread: StartThread, size: number) {
    this.#loader = loader;
    this.#startThread = startThread;
    this.#size = size;
  }

  /**
   * The maximum number of threads. It becomes 1 on the calling thread, and the number of running threads after another one failed to
   * start.
   */
  get size(): number {
    return this.#size;
  }

  /** The kind of the pool's threads; while they are shut down, the kind of the last one. */
  get runsIn(): Thread["runsIn"] {
    return this.#runsIn;
  }

  /** The size of all threads' WebAssembly memory in bytes. */
  get memoryBytes(): number {
    return [...this.#threads].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  /** Starts and loads the first thread. Resolves to facts about the model. */
  async open(onProgress: OnProgress, signal: AbortSignal): Promise<ModelInfo> {
    const info = await unlessAborted(this.#addThread(onProgress, signal), signal);
    this.#dispatch();
    return info as ModelInfo; // only a thread beside others can be superfluous
  }

  /**
   * Sends a request to the next free thread, in the order of the calls. Resolves to the reply.
   *
   * @throws LitmusError `closed`, `aborted`, `timeout`, `internal` after a crash, and those of the request
   */
  async send<R extends Request>(
    request: R,
    signal: AbortSignal | undefined,
    listener?: Listener<R>,
  ): Promise<Reply<R>> {
    if (this.#closed) throw closedError();
    throwIfAborted(signal);
    const queued = { request, signal, listener } as QueuedRequest;
    const reply = new Promise<Reply<Request>>((resolve, reject) => Object.assign(queued, { resolve, reject }));
    // Continue in this call's context. In workerd, continuing from the end of another request would run in that request's
    // context, which may be torn down first.
    const stopWaiting = platform.keepAlive?.();
    void new Promise<Thread>((assign) => (queued.assign = assign)).then((thread) => {
      stopWaiting?.();
      return this.#run(thread, queued);
    });
    const removeListener = whenAborted(signal, () => {
      // Leave the queue at once: in workerd, a request whose client is gone never runs again and would keep its thread.
      const index = this.#waiting.indexOf(queued);
      if (index >= 0) this.#waiting.splice(index, 1);
      queued.reject(abortError(signal as AbortSignal));
    });
    this.#waiting.push(queued);
    this.#dispatch();
    return reply.finally(() => {
      stopWaiting?.(); // the request never got a thread: it was aborted, the pool was closed or could start none
      removeListener();
    }) as Promise<Reply<R>>;
  }

  /** Rejects the requests without a reply and terminates the threads. Closing twice has no effect. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const starting of this.#starting) starting.abort();
    clearTimeout(this.#idleTimer);
    const hadWork = this.#running.size > 0;
    for (const queued of [...this.#waiting.splice(0), ...this.#running]) queued.reject(closedError());
    // A thread without work may still be storing the model's files, for other classifiers and for the next visit.
    if (hadWork) this.#terminateAll();
    else void this.#loader.shared.then(() => this.#terminateAll());
  }

  #terminateAll(): void {
    for (const thread of this.#threads) thread.terminate();
    this.#threads.clear();
    this.#idle.length = 0;
  }

  /** Starts a thread and loads it. Resolves to `undefined` if the thread turns out to be superfluous. */
  async #addThread(onProgress: OnProgress, signal: AbortSignal): Promise<ModelInfo | undefined> {
    const thread = await this.#startThread(signal);
    const others = [...this.#threads, ...this.#loading];
    // The calling thread computes alone: several models on it would compute one after the other, and beside workers it would block the
    // page. It is started where no worker could be, which can come after workers that could.
    if (thread.runsIn === "page") this.#size = others.length || 1;
    if (others.length > 0 && [thread, ...others].some(({ runsIn }) => runsIn === "page")) {
      thread.terminate();
      return undefined;
    }
    this.#loading.add(thread);
    try {
      throwIfAborted(signal);
      const info = await unlessAborted(this.#loader.load(thread, onProgress, signal), signal);
      this.#threads.add(thread);
      this.#idle.push(thread);
      this.#runsIn = thread.runsIn;
      return info;
    } catch (error) {
      if (signal.aborted) thread.terminate();
      // The thread may be storing the model's files, for other classifiers and for the next visit.
      else void this.#loader.shared.then(() => thread.terminate());
      throw error;
    } finally {
      this.#loading.delete(thread);
    }
  }

  /** Gives the waiting requests to the free threads, and starts a thread if more requests wait than threads are starting. */
  #dispatch(): void {
    clearTimeout(this.#idleTimer);
    while (this.#waiting.length > 0) {
      const thread = this.#idle.pop();
      if (!thread) break;
      if (thread.broken) {
        this.#threads.delete(thread);
        continue;
      }
      const queued = this.#waiting.shift() as QueuedRequest;
      this.#running.add(queued);
      queued.assign(thread);
    }
    const hasRoom = this.#threads.size + this.#starting.size < this.#size;
    if (hasRoom && this.#waiting.length > this.#starting.size) void this.#grow();
    this.#shutDownWhenIdle();
  }

  /** Starts the timer of web workers. Worker threads of Node, Deno and Bun stay: idle ones do not keep the process alive. */
  #shutDownWhenIdle(): void {
    const isIdle = this.#running.size + this.#starting.size === 0;
    if (!isIdle || ![...this.#threads].some(({ runsIn }) => runsIn === "worker")) return;
    this.#idleTimer = setTimeout(() => this.#terminateAll(), IDLE_MS);
  }

  /** Lets a thread answer a request, and then the next one. */
  async #run(thread: Thread, queued: QueuedRequest): Promise<void> {
    const { request, signal, listener } = queued;
    try {
      queued.resolve(await thread.send(request, signal, listener));
    } catch (error) {
      queued.reject(toLitmusError(error));
    }
    this.#running.delete(queued);
    this.#idle.push(thread); // #dispatch removes broken ones
    this.#dispatch();
  }

  /** Adds a thread for requests that wait. Never rejects. */
  async #grow(): Promise<void> {
    const starting = new AbortController();
    this.#starting.add(starting);
    try {
      await this.#addThread(undefined, starting.signal);
    } catch (error) {
      // Continue with the threads that run. If there is none, this request fails and the next one tries again.
      if (this.#threads.size > 0) this.#size = this.#threads.size;
      else this.#waiting.shift()?.reject(toLitmusError(error));
    }
    this.#starting.delete(starting);
    this.#dispatch();
  }
}
