import type { Pool } from "../pool/worker-pool.js";
import type { LitmusError } from "../shared/errors.js";
import type { HeadFiles, Listener, ModelInfo, Reply, Request } from "../shared/protocol.js";
import type { TeachExamples, TeachOptions, TeachReport } from "../shared/types.js";

// Loaded when a page teaches or loads a head for the first time. It imports nothing but types: the bundler would cut what it
// shares with the page's own script out of that, which makes the script 4 % larger. So the caller gives the functions.

/** Functions of the page's own script. */
export interface Functions {
  wrongValue: (name: string, expected: string, value: unknown) => LitmusError;
  closedError: () => LitmusError;
}

function checkExamples(examples: object, { wrongValue }: Functions): void {
  for (const [label, texts] of Object.entries(examples)) {
    if (!Array.isArray(texts)) throw wrongValue(`examples["${label}"]`, "an array of texts", texts);
    const wrong = texts.findIndex((text) => typeof text !== "string");
    if (wrong >= 0) throw wrongValue(`examples["${label}"][${wrong}]`, "a string", texts[wrong]);
  }
}

/** What a `TaughtClassifier` is made of. */
export interface TaughtHead {
  pool: Pool;
  info: ModelInfo;
  files: HeadFiles;
  report: TeachReport | null;
}

/** A pool whose predictions use a head. */
class HeadPool implements Pool {
  readonly pool: Pool;
  readonly files: HeadFiles;
  readonly #close: () => void;
  readonly #closedError: () => LitmusError;
  #closed = false;

  constructor(pool: Pool, files: HeadFiles, close: () => void, { closedError }: Functions) {
    this.#closedError = closedError;
    this.pool = pool;
    this.files = files;
    this.#close = close;
  }

  get size(): number {
    return this.pool.size;
  }

  get runsIn(): Pool["runsIn"] {
    return this.pool.runsIn;
  }

  get memoryBytes(): number {
    return this.pool.memoryBytes;
  }

  async send<R extends Request>(request: R, signal?: AbortSignal, listener?: Listener<R>): Promise<Reply<R>> {
    if (this.#closed) throw this.#closedError();
    const sent = request.type === "predict" ? { ...request, heads: { "": this.files.head } } : request;
    return this.pool.send(sent, signal, listener);
  }

  close(): void {
    this.#closed = true;
    this.#close();
  }
}

/**
 * Teaches a head. A pool with a head teaches that head more. Closing the pool that it gives closes no other.
 */
export async function teach(
  pool: Pool,
  examples: TeachExamples,
  { multiLabel, other, onProgress }: TeachOptions,
  signal: AbortSignal,
  functions: Functions,
): Promise<TaughtHead> {
  checkExamples(examples, functions);
  const head = pool instanceof HeadPool ? pool.files.withExamples : undefined;
  const request = { type: "teach", examples, params: { multiLabel, other }, head } as const;
  const { report, ...files } = await pool.send(request, signal, onProgress);
  const model = pool instanceof HeadPool ? pool.pool : pool;
  return withFiles(model, files, report, () => {}, signal, functions);
}

/** Loads the file of a head. Closing the pool that it gives closes `pool`. */
export function loadHead(
  pool: Pool,
  head: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
  functions: Functions,
): Promise<TaughtHead> {
  return withFiles(pool, { head, withExamples: head }, null, () => pool.close(), signal, functions);
}

async function withFiles(
  pool: Pool,
  files: HeadFiles,
  report: TeachReport | null,
  close: () => void,
  signal: AbortSignal,
  functions: Functions,
): Promise<TaughtHead> {
  const info = await pool.send({ type: "describe", heads: { "": files.head } }, signal);
  return { pool: new HeadPool(pool, files, close, functions), info, files, report };
}
