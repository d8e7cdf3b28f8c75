import { EMBEDDING } from "../model/heads.js";
import type { Pool } from "../pool/worker-pool.js";
import type { ModelInfo } from "../shared/protocol.js";
import type { EmbedOptions, TextInput } from "../shared/types.js";
import { inBatches } from "./batches.js";
import { readHeads } from "./head-files.js";

/** Computes the embeddings of texts, in their order. Reads the head for embeddings first, where it is a file of its own. */
export async function embed(
  pool: Pool,
  info: ModelInfo,
  texts: readonly TextInput[],
  { onProgress }: EmbedOptions,
  signal: AbortSignal,
): Promise<Float32Array<ArrayBuffer>[]> {
  const heads = await readHeads(pool, info, [EMBEDDING], signal);
  return inBatches(pool.size, texts, onProgress, signal, (texts, listener) =>
    pool.send({ type: "embed", texts, heads }, signal, listener),
  );
}
