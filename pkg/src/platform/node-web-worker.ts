/// <reference types="node" />
import { Worker as NodeWorker } from "node:worker_threads";
import type { FromWorker } from "../shared/protocol.js";

/** A worker thread that is spoken to like a browser's worker. While it owes no answer, it lets the process end. */
export class NodeWebWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onmessageerror: ((error: unknown) => void) | null = null;
  onerror: ((event: object) => void) | null = null;
  readonly #worker = new NodeWorker(new URL("./node-worker.js", import.meta.url));
  #owes = 1; // its "ready"

  constructor() {
    const fail = (error: Error) => this.onerror?.({ message: error.message, error, preventDefault() {} });
    this.#worker.on("message", (data: FromWorker) => {
      if (data.type !== "progress") this.#owe(-1);
      this.onmessage?.({ data });
    });
    this.#worker.on("messageerror", (error) => this.onmessageerror?.(error));
    this.#worker.on("error", fail);
    this.#worker.on("exit", (code) => fail(new Error(`it ended with code ${code}`)));
  }

  postMessage(message: { type: string }): void {
    if (message.type === "request") this.#owe(1);
    this.#worker.postMessage(message);
  }

  terminate(): void {
    this.onerror = null; // it is no failure
    void this.#worker.terminate();
  }

  #owe(more: number): void {
    this.#owes += more;
    if (this.#owes > 0) this.#worker.ref();
    else this.#worker.unref();
  }
}
