import type { Pool } from "../pool/worker-pool.js";
import { inOrder } from "../shared/in-order.js";
import type { HeadBytesByTask, HeadSource, ModelInfo } from "../shared/protocol.js";
import { singleFlight } from "../shared/single-flight.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** The heads that this page has read. They are sent with each request that needs them, to any worker of any pool. */
const known = new Map<string, Bytes>();

/** Reads the heads of these names that are files of the model's folder. Others are left out: they were loaded with the model. */
export async function readHeads(
  pool: Pool,
  info: ModelInfo,
  names: readonly string[],
  signal: AbortSignal,
): Promise<HeadBytesByTask> {
  const read = async (name: string) => {
    const head = info.heads.find((head) => head.name === name);
    return head && "path" in head ? [[name, await readHeadOnce(pool, head, signal)]] : [];
  };
  return Object.fromEntries((await inOrder(names.map(read))).flat());
}

async function readHeadOnce(pool: Pool, file: HeadSource, signal: AbortSignal): Promise<Bytes> {
  const key = `${file.url} ${file.sha256}`;
  const bytes = known.get(key);
  if (bytes) return bytes;
  return singleFlight(key, signal, async () => {
    const bytes = await pool.send({ type: "readHead", file }, signal);
    known.set(key, bytes);
    return bytes;
  });
}
