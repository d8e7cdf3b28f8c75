// Stores model files in the browser's Cache API under their URL and SHA-256, so that a new version of a file has another
// key. Browsers have this API where they have `crypto.subtle`: on https and localhost.

const CACHE_NAME = "litmus-text";

/** The URL of the file with its SHA-256 as a query parameter; the Cache API ignores fragments. */
export function cacheKey(url: string, sha256: string): string {
  const key = new URL(url);
  key.searchParams.set("litmus-sha256", sha256);
  return key.href;
}

/** Resolves to `undefined` if the browser denies access to the cache, in private windows for instance, or if the disk is full. */
async function withCache<T>(work: (cache: Cache) => Promise<T>): Promise<T | undefined> {
  try {
    return await work(await caches.open(CACHE_NAME));
  } catch {
    return undefined;
  }
}

export const readStored = (url: string, sha256: string): Promise<Response | undefined> =>
  withCache((cache) => cache.match(cacheKey(url, sha256)));

/** Stores a file and removes its other versions. Resolves to whether it was stored. */
export async function store(url: string, sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const stored = await withCache(async (cache) => {
    await cache.delete(url, { ignoreSearch: true });
    await cache.put(cacheKey(url, sha256), new Response(bytes));
    return true;
  });
  return stored ?? false;
}

export const removeStored = (url: string, sha256: string): Promise<boolean | undefined> =>
  withCache((cache) => cache.delete(cacheKey(url, sha256)));
