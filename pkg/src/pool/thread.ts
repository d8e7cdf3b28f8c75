import type { ClassifierInfo } from "../shared/model-types.js";
import type { Listener, Reply, Request } from "../shared/protocol.js";

/** Runs one model, in a worker or on the calling thread. */
export interface Thread {
  /** Which kind of thread it is. */
  readonly runsIn: ClassifierInfo["runsIn"];
  /** Whether it has crashed or was terminated, so that the pool must replace it. */
  readonly broken: boolean;
  /** The size of its WebAssembly memory in bytes. */
  readonly memoryBytes: number;
  /** Sends a request and resolves to the reply. Rejects with a `LitmusError`. `listener` is called with the progress. */
  send<R extends Request>(request: R, signal?: AbortSignal, listener?: Listener<R>): Promise<Reply<R>>;
  /** Stops the work and frees the memory. Requests without a reply reject, or never settle. */
  terminate(): void;
}
