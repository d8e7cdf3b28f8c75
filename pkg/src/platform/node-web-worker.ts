/// <reference types="node" />
import { execArgv } from "node:process";
import { Worker as NodeWorker } from "node:worker_threads";
import type { FromWorker } from "../shared/protocol.js";

/**
 * A worker inherits the options of the process. With `--input-type`, which is for programs that are no files
 * (`node --input-type=module -e …`), Node refuses to start a worker from a file. So the worker then inherits no options: which of
 * the others are valid in workers is not known here.
 */
const workerOptions = execArgv.some((option) => option.startsWith("--input-type")) ? { execArgv: [] } : {};

/**
 * A worker thread of Node with that part of a web worker's interface which WorkerThread uses. It keeps the process alive only while
 * a reply is due.
 */
export class NodeWebWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onmessageerror: ((error: unknown) => void) | null = null;
  onerror: ((event: object) => void) | null = null;
  readonly #worker: NodeWorker;
  #dueReplies = 1; // the "ready" message

  /** `url` is the worker's script; by default, the one beside this bundle. */
  constructor(url: URL | undefined) {
    this.#worker = url
      ? new NodeWorker(url, workerOptions)
      : new NodeWorker(new URL("./node-worker.js", import.meta.url), workerOptions);
    const fail = (error: Error) => this.onerror?.({ message: error.message, error, preventDefault() {} });
    this.#worker.on("message", (data: FromWorker) => {
      if (data.type !== "progress") this.#addDueReplies(-1);
      this.onmessage?.({ data });
    });
    this.#worker.on("messageerror", (error) => this.onmessageerror?.(error));
    this.#worker.on("error", fail);
    this.#worker.on("exit", (code) => fail(new Error(`it exited with code ${code}`)));
  }

  postMessage(message: { type: string }): void {
    this.#worker.postMessage(message); // first, because no reply is due where this throws
    if (message.type === "request") this.#addDueReplies(1);
  }

  terminate(): void {
    this.onerror = null; // the exit that follows is no failure
    void this.#worker.terminate();
  }

  #addDueReplies(count: number): void {
    this.#dueReplies += count;
    if (this.#dueReplies > 0) this.#worker.ref();
    else this.#worker.unref();
  }
}
