/// <reference types="node" />
import { execArgv } from "node:process";
import { Worker as NodeWorker } from "node:worker_threads";
import type { FromWorker } from "../shared/protocol.js";

/**
 * `--input-type` is for a program that is not a file (`node --input-type=module -e …`). A worker inherits the options of the
 * process, and Node starts none from a file with this one. It then gets none of them: others may be invalid in workers.
 */
const options = execArgv.some((option) => option.startsWith("--input-type")) ? { execArgv: [] } : {};

/**
 * A worker thread of Node with the interface of a web worker, as far as WorkerThread needs it. It keeps the process alive
 * only while it owes a reply.
 */
export class NodeWebWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onmessageerror: ((error: unknown) => void) | null = null;
  onerror: ((event: object) => void) | null = null;
  readonly #worker: NodeWorker;
  #owedReplies = 1; // the "ready" message

  /** `url`: the worker's script, if it is not beside this bundle. */
  constructor(url: URL | undefined) {
    this.#worker = url
      ? new NodeWorker(url, options)
      : new NodeWorker(new URL("./node-worker.js", import.meta.url), options);
    const fail = (error: Error) => this.onerror?.({ message: error.message, error, preventDefault() {} });
    this.#worker.on("message", (data: FromWorker) => {
      if (data.type !== "progress") this.#addOwedReplies(-1);
      this.onmessage?.({ data });
    });
    this.#worker.on("messageerror", (error) => this.onmessageerror?.(error));
    this.#worker.on("error", fail);
    this.#worker.on("exit", (code) => fail(new Error(`it exited with code ${code}`)));
  }

  postMessage(message: { type: string }): void {
    if (message.type === "request") this.#addOwedReplies(1);
    this.#worker.postMessage(message);
  }

  terminate(): void {
    this.onerror = null; // its exit is then no failure
    void this.#worker.terminate();
  }

  #addOwedReplies(count: number): void {
    this.#owedReplies += count;
    if (this.#owedReplies > 0) this.#worker.ref();
    else this.#worker.unref();
  }
}
