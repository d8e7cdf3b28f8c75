import { aborted, throwIfAborted, unlessAborted, whenAborted } from "../shared/abort.js";
import { closed, toLitmusError, type LitmusError } from "../shared/errors.js";
import { platform } from "../platform/platform.js";
import type { ModelInfo, Listener, OnProgress, Reply, Request } from "../shared/protocol.js";
import type { ThreadLoader } from "./thread-loader.js";
import type { Thread } from "./thread.js";

/** Milliseconds without a call after which workers are shut down; the next call starts them again. */
const IDLE_MS = 60_000;

interface Job {
  request: Request;
  signal: AbortSignal | undefined;
  listener: Listener<Request>;
  resolve(value: Reply<Request>): void;
  reject(error: LitmusError): void;
  /** Has it done by this thread. */
  go(thread: Thread): void;
}

/** The queue of one classifier's requests, and the threads that work on it. */
export class WorkerPool {
  readonly #loader: ThreadLoader;
  readonly #start: () => Promise<Thread>;
  #size: number;
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Job>();
  readonly #threads = new Set<Thread>();
  readonly #idle: Thread[] = [];
  /** What gives up the threads that are being started. One for each: in workerd, a request cannot touch another's. */
  readonly #starting = new Set<AbortController>();
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Up to `size` threads. */
  constructor(loader: ThreadLoader, start: () => Promise<Thread>, size: number) {
    this.#loader = loader;
    this.#start = start;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return [...this.#threads].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  /** Starts the first thread. */
  async open(onProgress: OnProgress, signal: AbortSignal): Promise<ModelInfo> {
    const facts = await unlessAborted(this.#load(onProgress, signal), signal);
    this.#next();
    return facts;
  }

  /** Has a request answered by the next thread that is free. */
  async ask<R extends Request>(request: R, signal: AbortSignal | undefined, listener?: Listener<R>): Promise<Reply<R>> {
    if (this.#closed) throw closed();
    throwIfAborted(signal);
    const job = { request, signal, listener } as Job;
    const answer = new Promise<Reply<Request>>((resolve, reject) => Object.assign(job, { resolve, reject }));
    // From here, not from the end of the job before: in workerd that is another request, which may not last as long.
    void new Promise<Thread>((go) => (job.go = go)).then((thread) => this.#run(thread, job));
    const settled = whenAborted(signal, () => {
      // At once: in workerd, a request whose client has gone comes to nothing more, and would keep the thread it is given.
      const place = this.#waiting.indexOf(job);
      if (place >= 0) this.#waiting.splice(place, 1);
      job.reject(aborted(signal as AbortSignal));
    });
    this.#waiting.push(job);
    this.#next();
    return answer.finally(settled) as Promise<Reply<R>>;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const starting of this.#starting) starting.abort();
    clearTimeout(this.#timer);
    for (const job of [...this.#waiting.splice(0), ...this.#running]) job.reject(closed());
    // Others on the page may be waiting for what its thread has downloaded, and the next visit too.
    const end = () => this.#endThreads();
    if (this.#running.size > 0) end();
    else void this.#loader.shared.then(end);
  }

  #endThreads(): void {
    for (const thread of this.#threads) thread.end();
    this.#threads.clear();
    this.#idle.length = 0;
  }

  /** Starts a thread with its model. */
  async #load(onProgress: OnProgress, signal: AbortSignal): Promise<ModelInfo> {
    const thread = await this.#start();
    try {
      throwIfAborted(signal);
      const facts = await unlessAborted(this.#loader.load(thread, onProgress, signal), signal);
      this.#threads.add(thread);
      this.#idle.push(thread);
      if (!thread.apart) this.#size = 1; // more on this thread would only take turns
      return facts;
    } catch (error) {
      thread.end();
      throw error;
    }
  }

  /** Gives work to the threads that are free, and starts one where more is waiting than those can take. */
  #next(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length > 0) {
      const thread = this.#idle.pop();
      if (!thread) break;
      if (thread.broken) {
        this.#threads.delete(thread);
        continue;
      }
      const job = this.#waiting.shift() as Job;
      this.#running.add(job);
      job.go(thread);
    }
    if (this.#waiting.length > this.#starting.size && this.#threads.size + this.#starting.size < this.#size) void this.#grow();
    const resting = this.#running.size + this.#starting.size === 0 && !platform.worker;
    // Workers are shut down when nothing was asked for a while.
    if (resting && [...this.#threads].some(({ apart }) => apart)) this.#timer = setTimeout(() => this.#endThreads(), IDLE_MS);
  }

  async #run(thread: Thread, job: Job): Promise<void> {
    const { request, signal, listener } = job;
    try {
      job.resolve(await thread.ask(request, signal, listener));
    } catch (error) {
      job.reject(toLitmusError(error));
    }
    this.#running.delete(job);
    if (thread.broken) this.#threads.delete(thread);
    else this.#idle.push(thread);
    this.#next();
  }

  async #grow(): Promise<void> {
    const starting = new AbortController();
    this.#starting.add(starting);
    try {
      await this.#load(undefined, starting.signal);
    } catch (error) {
      // The threads that there are must do; where there is none, a call has failed and the next one tries again.
      if (this.#threads.size > 0) this.#size = this.#threads.size;
      else this.#waiting.shift()?.reject(toLitmusError(error));
    }
    this.#starting.delete(starting);
    this.#next();
  }
}
