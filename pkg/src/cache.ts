import { LitmusError } from "./errors.js";

// Model files in the browser's Cache API, each under its URL and SHA-256: what changes at a URL has another key.
// Browsers have the API where they have `crypto.subtle`: on https and localhost.

const NAME = "litmus-text";

/** The file's URL, told from other versions of it by its checksum. Fragments would not count. */
function keyOf(url: string, sha256: string): string {
  const key = new URL(url);
  key.searchParams.set("litmus-sha256", sha256);
  return key.href;
}

/** Opens the store, where there is one. Browsers may refuse it, in private windows for instance. */
async function store(): Promise<Cache | undefined> {
  return globalThis.caches?.open(NAME).catch(() => undefined);
}

export async function kept(url: string, sha256: string): Promise<Response | undefined> {
  return (await store())?.match(keyOf(url, sha256)).catch(() => undefined);
}

/** Keeps a file in place of its earlier versions. Says whether it could: the disk may be full. */
export async function keep(url: string, sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const cache = await store();
  if (!cache) return false;
  try {
    await cache.delete(url, { ignoreSearch: true });
    await cache.put(keyOf(url, sha256), new Response(bytes));
    return true;
  } catch {
    return false;
  }
}

export async function drop(url: string, sha256: string): Promise<void> {
  await (await store())?.delete(keyOf(url, sha256)).catch(() => false);
}

/** The bytes' SHA-256 in hexadecimal, or `undefined` where the platform has no digests: on plain http. */
async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const sum = await globalThis.crypto?.subtle?.digest("SHA-256", bytes);
  return sum && Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Throws unless these are the bytes that `sha256` was published for. Where nothing can tell, they pass. */
export async function check(bytes: Uint8Array<ArrayBuffer>, sha256: string, place: string): Promise<void> {
  const actual = await digest(bytes);
  if (actual === undefined || actual === sha256) return;
  throw new LitmusError(
    "checksum-mismatch",
    `${place} is not the file that litmus.json describes: its SHA-256 is ${actual}, not ${sha256}`,
  );
}
