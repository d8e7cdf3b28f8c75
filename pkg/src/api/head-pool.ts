import type { Pool } from "../pool/worker-pool.js";
import { closedError } from "../shared/errors.js";
import type { Listener, Reply, Request, TaughtHeadFiles } from "../shared/protocol.js";

type PredictRequest = Extract<Request, { type: "predict" }>;

/** A pool that sends requests to another one, and changes those for predictions: it adds heads to them. */
export class HeadPool implements Pool {
  readonly #pool: Pool;
  readonly #change: (request: PredictRequest) => PredictRequest;

  constructor(pool: Pool, change: (request: PredictRequest) => PredictRequest) {
    this.#pool = pool;
    this.#change = change;
  }

  get size(): number {
    return this.#pool.size;
  }

  get runsIn(): Pool["runsIn"] {
    return this.#pool.runsIn;
  }

  get memoryBytes(): number {
    return this.#pool.memoryBytes;
  }

  async send<R extends Request>(request: R, signal?: AbortSignal, listener?: Listener<R>): Promise<Reply<R>> {
    const sent = request.type === "predict" ? this.#change(request) : request;
    return this.#pool.send(sent as R, signal, listener);
  }

  close(): void {
    this.#pool.close();
  }
}

/** A pool whose predictions use a head that was taught. */
export class TaughtPool extends HeadPool {
  /** The pool that answers the requests. */
  readonly pool: Pool;
  readonly files: TaughtHeadFiles;
  readonly #close: () => void;
  #closed = false;

  /** `close` is called when this pool is closed: whether `pool` is closed with it, the caller decides. */
  constructor(pool: Pool, files: TaughtHeadFiles, close: () => void) {
    super(pool, (request) => ({ ...request, heads: { ...request.heads, "": files.head } }));
    this.pool = pool;
    this.files = files;
    this.#close = close;
  }

  override async send<R extends Request>(request: R, signal?: AbortSignal, listener?: Listener<R>): Promise<Reply<R>> {
    if (this.#closed) throw closedError();
    return super.send(request, signal, listener);
  }

  override close(): void {
    this.#closed = true;
    this.#close();
  }
}
