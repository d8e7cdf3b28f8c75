import type { Pool } from "../pool/worker-pool.js";
import type { ModelInfo } from "../shared/protocol.js";
import type { EmbedOptions, TextInput } from "../shared/types.js";
import { readHeads } from "./head-files.js";
import type { PageScript } from "./page-script.js";

/** The embeddings of texts, in their order. */
export async function embed(
  pool: Pool,
  info: ModelInfo,
  texts: readonly TextInput[],
  { onProgress }: EmbedOptions,
  signal: AbortSignal,
  script: PageScript<unknown>,
): Promise<Float32Array<ArrayBuffer>[]> {
  const heads = await readHeads(pool, info, ["embedding"], signal, script);
  return script.inBatches(pool.size, texts, onProgress, signal, (texts, listener) =>
    pool.send({ type: "embed", texts, heads }, signal, listener),
  );
}
