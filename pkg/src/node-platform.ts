/// <reference types="node" />
import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Worker as NodeWorker } from "node:worker_threads";
import { platform } from "./load.js";
import type { FromWorker } from "./protocol.js";

// Those of Deno and Bun would keep a program from ending.
platform.workers = false;

// Deno hears of other requests, and of clients that have gone away, at timers only; the others sooner.
platform.turn = "Deno" in globalThis ? () => setTimeout(0) : () => setImmediate();

platform.base = () => pathToFileURL("./").href;

// Node's fetch does not open file: URLs, and that is where an installed package has its wasm and model.
platform.openFile = async (url) => {
  try {
    const bytes = new Uint8Array(await readFile(url));
    return new Response(bytes, { headers: { "content-length": String(bytes.byteLength) } });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Response(null, { status: 404 });
    throw error;
  }
};

/** A worker thread that is spoken to like a browser's worker. While it owes no answer, it lets the process end. */
class Thread {
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

platform.worker = () => new Thread() as unknown as Worker;
