import type { Pool } from "../pool/worker-pool.js";
import type { HeadFile, Heads, ModelInfo } from "../shared/protocol.js";
import type { PageScript } from "./page-script.js";

type Bytes = Uint8Array<ArrayBuffer>;
type Script = Pick<PageScript<unknown>, "singleFlight">;

/** The heads that this page has read. The page keeps them and sends them along, so every worker of every pool has them. */
const known = new Map<string, Bytes>();

/** Reads those of the heads that are files of the model's folder; others are in the loaded model already. */
export async function readHeads(
  pool: Pool,
  info: ModelInfo,
  names: readonly string[],
  signal: AbortSignal,
  script: Script,
): Promise<Heads> {
  const files = names.flatMap((name) => {
    const file = info.heads.find(({ path }) => path === `heads/${name}.head`);
    return file ? [{ name, file }] : [];
  });
  const read = async ({ name, file }: { name: string; file: HeadFile }) =>
    [name, await readHead(pool, file, signal, script)] as const;
  return Object.fromEntries(await Promise.all(files.map(read)));
}

async function readHead(pool: Pool, file: HeadFile, signal: AbortSignal, { singleFlight }: Script): Promise<Bytes> {
  const key = `${file.url} ${file.sha256}`;
  const head = known.get(key);
  if (head) return head;
  return singleFlight(key, signal, async () => {
    const head = await pool.send({ type: "head", file }, signal);
    known.set(key, head);
    return head;
  });
}
