// Stores model files in the browser's Cache API under their URL and SHA-256, so that a new version of a file has another key. A file
// without a checksum is stored under an empty one, and a header of the stored response has the server's version of the file.
// Browsers have this API where they have `crypto.subtle`: on https and localhost.

import type { FileResponse } from "../platform/platform.js";
import type { FileCandidate } from "../shared/protocol.js";

const CACHE_NAME = "litmus-text";

/** The header of a stored file that has its version. */
const VERSION_HEADER = "litmus-version";

/** The header of a stored file that has its path in the model's folder, percent-encoded. */
const PATH_HEADER = "litmus-path";

/** The checksum in the key of a file that has none. */
export const NO_CHECKSUM = "";

/** The URL of the file with its SHA-256 as a query parameter. A fragment would not do: the Cache API ignores it. */
export function cacheKey(url: string, sha256: string): string {
  const key = new URL(url);
  key.searchParams.set("litmus-sha256", sha256);
  return key.href;
}

/**
 * Opens the cache for `work`. Resolves to `undefined` where there is no cache, where the browser denies access to it (in private
 * windows, for instance), or if the disk is full.
 */
async function withCache<T>(work: (cache: Cache) => Promise<T>): Promise<T | undefined> {
  try {
    return await work(await caches.open(CACHE_NAME));
  } catch {
    return undefined;
  }
}

export const readStored = (url: string, sha256: string): Promise<Response | undefined> =>
  withCache((cache) => cache.match(cacheKey(url, sha256)));

/** The version of a file: the server's ETag, or else its size and date. `undefined` if the server sends neither. */
export function versionOf({ headers }: Response | FileResponse): string | undefined {
  const date = headers.get("last-modified");
  return headers.get("etag") ?? (date ? `${headers.get("content-length")} ${date}` : undefined);
}

/** The version that the server gave for a stored file, or `null`. */
export const storedVersion = ({ headers }: Response): string | null => headers.get(VERSION_HEADER);

/**
 * Stores a file and removes its other versions: what was stored for the same path under the same URL with another query. The query has the
 * checksum, and perhaps an access token that differs at each visit. The path tells files apart whose URLs differ only in the query.
 * Resolves to whether the file was stored.
 */
export async function store(
  { path, url }: FileCandidate,
  sha256: string,
  bytes: Uint8Array<ArrayBuffer>,
  version?: string,
): Promise<boolean> {
  const stored = await withCache(async (cache) => {
    const encodedPath = encodeURIComponent(path);
    for (const key of await cache.keys(url, { ignoreSearch: true })) {
      const stored = await cache.match(key);
      if (stored?.headers.get(PATH_HEADER) === encodedPath) await cache.delete(key);
    }
    const headers = { [PATH_HEADER]: encodedPath, ...(version ? { [VERSION_HEADER]: version } : {}) };
    await cache.put(cacheKey(url, sha256), new Response(bytes, { headers }));
    return true;
  });
  return stored ?? false;
}

export const removeStored = (url: string, sha256: string): Promise<boolean | undefined> =>
  withCache((cache) => cache.delete(cacheKey(url, sha256)));
