import type { Listener, Reply, Request } from "../shared/protocol.js";

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
