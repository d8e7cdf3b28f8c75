// Answers the page's requests to /predict with no server. Beside it lies the package, as ./litmus-text/.
import { createHandler } from "./litmus-text/dist/handler.js";

const ANSWERED = ["predict", "model", "health", "metrics", "openapi.json"].map((path) => `/${path}`);
/** What has to be here when there is no network. The model the package keeps by itself, in a cache of its own. */
const FILES = ["./", "./litmus-text/wasm/litmus_text_bg.wasm"];
const CACHE = "app-1";

// Browsers stop an idle worker, and the next request starts it again: it waits for the model then.
const handler = createHandler({ loadTime: 60_000 });

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES);
  await handler(new Request(new URL("/model", location)));
  await skipWaiting();
}

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== location.origin) return;
  if (ANSWERED.includes(pathname)) event.respondWith(handler(event.request, event));
  else event.respondWith(fetch(event.request).catch(async (error) => (await caches.match(event.request)) ?? Promise.reject(error)));
});
