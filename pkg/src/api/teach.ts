import type { Pool } from "../pool/worker-pool.js";
import type { HeadFiles, ModelInfo } from "../shared/protocol.js";
import type { TaughtHead, TeachExamples, TeachOptions, TeachReport } from "../shared/types.js";
import { wrongValue } from "../shared/validate.js";
import { Classifier, type TaughtClassifier } from "./classifier.js";
import { TaughtPool } from "./head-pool.js";

/** What `info.files` calls the file of the head. */
const HEAD = "head";

/** Teaches a head. A pool with a head teaches that head more. Closing the classifier closes no pool but its own. */
export async function teach(
  pool: Pool,
  info: ModelInfo,
  examples: TeachExamples,
  { multiLabel, other, onProgress }: TeachOptions,
  signal: AbortSignal,
): Promise<TaughtClassifier> {
  checkExamples(examples);
  const head = pool instanceof TaughtPool ? pool.files.withExamples : undefined;
  const request = { type: "teach", examples, params: { multiLabel, other }, head } as const;
  const { report, ...files } = await pool.send(request, signal, onProgress);
  const base = pool instanceof TaughtPool ? pool.pool : pool;
  return classifierOf(base, info, files, report, () => {}, signal);
}

/** Loads the file of a head. Closing the classifier closes `pool`. */
export function loadHead(
  pool: Pool,
  info: ModelInfo,
  head: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<TaughtClassifier> {
  return classifierOf(pool, info, { head, withExamples: head }, null, () => pool.close(), signal);
}

async function classifierOf(
  pool: Pool,
  info: ModelInfo,
  files: HeadFiles,
  report: TeachReport | null,
  close: () => void,
  signal: AbortSignal,
): Promise<TaughtClassifier> {
  const ofHead = await pool.send({ type: "describe", heads: { "": files.head } }, signal);
  const { labels, multiLabel, activation } = ofHead;
  const taughtPool = new TaughtPool(pool, files, close);
  const classifier = new Classifier(taughtPool, {
    ...{ ...info, labels, multiLabel, activation },
    // Its checksum is not known, so that no service keeps its predictions in a cache that outlives it.
    files: [...info.files.filter(({ path }) => path !== HEAD), { path: HEAD, bytes: files.head.length, sha256: null }],
  });
  const head: TaughtHead = {
    report,
    export: ({ examples = false } = {}) => (examples ? files.withExamples : files.head).slice(),
  };
  return Object.assign(classifier as object, head) as TaughtClassifier;
}

function checkExamples(examples: unknown): void {
  for (const [label, texts] of Object.entries(Object(examples))) {
    if (!Array.isArray(texts)) throw wrongValue(`examples["${label}"]`, "an array of texts", texts);
    const wrong = texts.findIndex((text) => typeof text !== "string");
    if (wrong >= 0) throw wrongValue(`examples["${label}"][${wrong}]`, "a string", texts[wrong]);
  }
}
