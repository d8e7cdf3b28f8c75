import type { Pool } from "../pool/worker-pool.js";
import type { HeadFile, Heads, ModelInfo } from "../shared/protocol.js";
import type { PageScript } from "./page-script.js";

type Bytes = Uint8Array<ArrayBuffer>;
type Script = Pick<PageScript<unknown>, "singleFlight" | "packageUrl">;

/** The heads that this page has read. The page keeps them and sends them along, so every worker of every pool has them. */
const known = new Map<string, Bytes>();

/** The packaged heads. Bundlers copy a file whose URL is written exactly like this, relative to the bundle in dist/. */
const packaged = (): Record<string, URL> => ({
  sentiment: new URL("../models/english/heads/sentiment.head", import.meta.url),
  emotion: new URL("../models/english/heads/emotion.head", import.meta.url),
  toxicity: new URL("../models/english/heads/toxicity.head", import.meta.url),
  embedding: new URL("../models/english/heads/embedding.head", import.meta.url),
});

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
    [name, await readHead(pool, name, file, signal, script)] as const;
  return Object.fromEntries(await Promise.all(files.map(read)));
}

async function readHead(
  pool: Pool,
  name: string,
  file: HeadFile,
  signal: AbortSignal,
  { singleFlight, packageUrl }: Script,
): Promise<Bytes> {
  const url = file.packaged ? packageUrl(`models/english/${file.path}`, packaged()[name] as URL) : file.url;
  const key = `${url} ${file.sha256}`;
  const head = known.get(key);
  if (head) return head;
  return singleFlight(key, signal, async () => {
    const head = await pool.send({ type: "head", file: { ...file, url } }, signal);
    known.set(key, head);
    return head;
  });
}
