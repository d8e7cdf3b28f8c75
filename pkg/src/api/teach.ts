import type { Pool } from "../pool/worker-pool.js";
import type { ModelInfo, TaughtHeadFiles } from "../shared/protocol.js";
import type { TaughtHead, TeachEntries, TeachExamples, TeachOptions, TeachReport } from "../shared/teach-types.js";
import { checkOptions, EXPORT, isObject, isRecord, wrongValue } from "../shared/validate.js";
import { TaughtPool } from "./head-pool.js";

/** The path of a taught head in `info.files`. */
const HEAD = "head";

/** The parts of a taught classifier. */
export interface TaughtModel {
  pool: Pool;
  info: ModelInfo;
  head: TaughtHead;
}

/** Teaches a head; if `pool` has a taught head, teaches that one more. Closing the new pool closes no other pool. */
export async function teach(
  pool: Pool,
  info: ModelInfo,
  examples: TeachExamples,
  { multiLabel, other, onProgress }: TeachOptions,
  signal: AbortSignal,
): Promise<TaughtModel> {
  const head = pool instanceof TaughtPool ? pool.files.withExamples : undefined;
  const request = { type: "teach", examples: entriesOf(examples), params: { multiLabel, other }, head } as const;
  const { report, ...files } = await pool.send(request, signal, onProgress);
  const base = pool instanceof TaughtPool ? pool.pool : pool;
  return taughtModel(base, info, files, report, () => {}, signal);
}

/** Opens the file of a taught head. Closing the new pool closes `pool`, too. */
export function openHead(
  pool: Pool,
  info: ModelInfo,
  head: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<TaughtModel> {
  return taughtModel(pool, info, { head, withExamples: head }, null, () => pool.close(), signal);
}

/** `close` is called when the new pool is closed. */
async function taughtModel(
  pool: Pool,
  info: ModelInfo,
  files: TaughtHeadFiles,
  report: TeachReport | null,
  close: () => void,
  signal: AbortSignal,
): Promise<TaughtModel> {
  const headInfo = await pool.send({ type: "describe", heads: { "": files.head } }, signal);
  const { labels, multiLabel, activation } = headInfo;
  // Without a checksum, the HTTP service caches predictions under a random key, so that they are not used with another head.
  const file = { path: HEAD, bytes: files.head.length, sha256: null };
  const fileInfo = [...info.files.filter(({ path }) => path !== HEAD), file];
  return {
    pool: new TaughtPool(pool, files, close),
    info: { ...info, labels, multiLabel, activation, files: fileInfo },
    head: {
      report,
      export: (options = {}) => {
        checkOptions(options, EXPORT);
        return (options.examples ? files.withExamples : files.head).slice();
      },
    },
  };
}

/** The form of examples, for messages, and the code that brings rows into it. */
const EXPECTED = 'an object such as { label: ["text"] } (from rows: (examples[label] ??= []).push(text))';

const isIterable = (value: unknown): value is Iterable<unknown> => isObject(value) && Symbol.iterator in value;

/** Checks the examples, except that labels are strings: WebAssembly checks that. Copies them, as `copyTexts` does. */
function entriesOf(examples: TeachExamples): TeachEntries {
  const given: unknown = examples;
  const entries: unknown[] = isIterable(given) ? [...given] : isRecord(given) ? Object.entries(given) : [given];
  if (!entries.every(Array.isArray)) throw wrongValue("examples", EXPECTED, given);
  for (const [label, texts] of entries) {
    if (!Array.isArray(texts)) throw wrongValue(`examples["${label}"]`, "an array of texts", texts);
    const wrong = texts.findIndex((text) => typeof text !== "string");
    if (wrong >= 0) throw wrongValue(`examples["${label}"][${wrong}]`, "a string", texts[wrong]);
  }
  return entries.map((entry) =>
    entry.map((value) => (Array.isArray(value) ? [...value] : value)),
  ) as unknown[] as TeachEntries;
}
