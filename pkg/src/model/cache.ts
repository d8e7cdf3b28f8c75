import { LitmusError } from "../shared/errors.js";

// Model files in the browser's Cache API, each under its URL and SHA-256: what changes at a URL has another key.
// Browsers have the API where they have `crypto.subtle`: on https and localhost.

const NAME = "litmus-text";

/** The file's URL, told from other versions of it by its checksum. Fragments would not count. */
function keyOf(url: string, sha256: string): string {
  const key = new URL(url);
  key.searchParams.set("litmus-sha256", sha256);
  return key.href;
}

/** Does something with the store and a file's key. Browsers may refuse either, in private windows or when the disk is full. */
async function withStore<T>(url: string, sha256: string, work: (store: Cache, key: string) => Promise<T>): Promise<T | undefined> {
  try {
    return await work(await caches.open(NAME), keyOf(url, sha256));
  } catch {
    return undefined;
  }
}

export const kept = (url: string, sha256: string): Promise<Response | undefined> =>
  withStore(url, sha256, (store, key) => store.match(key));

/** Keeps a file in place of its earlier versions. Says whether it could. */
export const keep = (url: string, sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean | undefined> =>
  withStore(url, sha256, async (store, key) => {
    await store.delete(url, { ignoreSearch: true });
    await store.put(key, new Response(bytes));
    return true;
  });

export const drop = (url: string, sha256: string): Promise<boolean | undefined> =>
  withStore(url, sha256, (store, key) => store.delete(key));

/** The bytes' SHA-256 in hexadecimal, or `undefined` where the platform has no digests: on plain http. */
async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const sum = await globalThis.crypto?.subtle?.digest("SHA-256", bytes);
  return sum && Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Throws unless these are the bytes that `sha256` was published for. Where nothing can tell, they pass. */
export async function check(bytes: Uint8Array<ArrayBuffer>, sha256: string | undefined, place: string): Promise<void> {
  const actual = sha256 && (await digest(bytes));
  if (!actual || actual === sha256) return;
  throw new LitmusError(
    "checksum-mismatch",
    `${place} is not the file that litmus.json describes: its SHA-256 is ${actual}, not ${sha256}`,
  );
}
