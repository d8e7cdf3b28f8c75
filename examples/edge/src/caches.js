// Stores for results, to pass as `cache` to createHandler instead of the built-in cache in memory.
const TTL_SECONDS = 600;

/** A namespace of Workers KV, which all locations of the service share. */
export const kv = (namespace) => ({
  get: (key) => namespace.get(key),
  set: (key, value) => namespace.put(key, value, { expirationTtl: TTL_SECONDS }),
});

/** A cache of the Cache API: `await caches.open("results")` in browsers and Deno, `caches.default` in Workers. */
export const cacheApi = (cache) => ({
  get: async (key) => (await cache.match(`http://results/${key}`))?.text(),
  set: (key, value) =>
    cache.put(`http://results/${key}`, new Response(value, { headers: { "cache-control": `max-age=${TTL_SECONDS}` } })),
});

/** A client of the npm package `redis`. */
export const redis = (client) => ({
  get: (key) => client.get(key),
  set: (key, value) => client.set(key, value, { expiration: { type: "EX", value: TTL_SECONDS } }),
});
