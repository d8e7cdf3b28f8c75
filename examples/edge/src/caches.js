// Where results can be kept instead of in memory: each is what `cache` of createHandler takes.
const SECONDS = 600;

/** A namespace of Workers KV, shared by all places where the service runs. */
export const kv = (namespace) => ({
  get: (key) => namespace.get(key),
  set: (key, value) => namespace.put(key, value, { expirationTtl: SECONDS }),
});

/** A cache of the Cache API: `await caches.open("results")` in browsers and Deno, `caches.default` in Workers. */
export const cacheApi = (cache) => ({
  get: async (key) => (await cache.match(`http://results/${key}`))?.text(),
  set: (key, value) =>
    cache.put(`http://results/${key}`, new Response(value, { headers: { "cache-control": `max-age=${SECONDS}` } })),
});

/** A client of the npm package `redis`. */
export const redis = (client) => ({
  get: (key) => client.get(key),
  set: (key, value) => client.set(key, value, { expiration: { type: "EX", value: SECONDS } }),
});
