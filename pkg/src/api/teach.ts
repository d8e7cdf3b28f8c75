import type { Pool } from "../pool/worker-pool.js";
import type { LitmusError } from "../shared/errors.js";
import type { HeadFiles, Listener, ModelInfo, Reply, Request } from "../shared/protocol.js";
import type { TaughtHead, TeachExamples, TeachOptions, TeachReport } from "../shared/types.js";

// Loaded when a page teaches or loads a head for the first time. It imports nothing but types: the bundler would cut what it
// shares with the page's own script out of that, which makes the script 4 % larger. So the caller gives the functions.

/** Functions of the page's own script. */
export interface PageScript<Classifier> {
  newClassifier: (pool: Pool, info: ModelInfo) => Classifier;
  wrongValue: (name: string, expected: string, value: unknown) => LitmusError;
  closedError: () => LitmusError;
}

/** A pool whose predictions use a head. */
class HeadPool implements Pool {
  readonly pool: Pool;
  readonly files: HeadFiles;
  readonly #close: () => void;
  readonly #closedError: () => LitmusError;
  #closed = false;

  constructor(pool: Pool, files: HeadFiles, close: () => void, closedError: () => LitmusError) {
    this.pool = pool;
    this.files = files;
    this.#close = close;
    this.#closedError = closedError;
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

/** Teaches a head. A pool with a head teaches that head more. Closing the classifier closes no pool but its own. */
export async function teach<Classifier>(
  pool: Pool,
  examples: TeachExamples,
  { multiLabel, other, onProgress }: TeachOptions,
  signal: AbortSignal,
  script: PageScript<Classifier>,
): Promise<Classifier & TaughtHead> {
  checkExamples(examples, script);
  const head = pool instanceof HeadPool ? pool.files.withExamples : undefined;
  const request = { type: "teach", examples, params: { multiLabel, other }, head } as const;
  const { report, ...files } = await pool.send(request, signal, onProgress);
  return classifierOf(pool instanceof HeadPool ? pool.pool : pool, files, report, () => {}, signal, script);
}

/** Loads the file of a head. Closing the classifier closes `pool`. */
export function loadHead<Classifier>(
  pool: Pool,
  head: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
  script: PageScript<Classifier>,
): Promise<Classifier & TaughtHead> {
  return classifierOf(pool, { head, withExamples: head }, null, () => pool.close(), signal, script);
}

async function classifierOf<Classifier>(
  pool: Pool,
  files: HeadFiles,
  report: TeachReport | null,
  close: () => void,
  signal: AbortSignal,
  { newClassifier, closedError }: PageScript<Classifier>,
): Promise<Classifier & TaughtHead> {
  const info = await pool.send({ type: "describe", heads: { "": files.head } }, signal);
  const classifier = newClassifier(new HeadPool(pool, files, close, closedError), info);
  const head: TaughtHead = {
    report,
    export: ({ examples = false } = {}) => (examples ? files.withExamples : files.head).slice(),
  };
  return Object.assign(classifier as object, head) as Classifier & TaughtHead;
}

function checkExamples(examples: unknown, { wrongValue }: Pick<PageScript<unknown>, "wrongValue">): void {
  for (const [label, texts] of Object.entries(Object(examples))) {
    if (!Array.isArray(texts)) throw wrongValue(`examples["${label}"]`, "an array of texts", texts);
    const wrong = texts.findIndex((text) => typeof text !== "string");
    if (wrong >= 0) throw wrongValue(`examples["${label}"][${wrong}]`, "a string", texts[wrong]);
  }
}
