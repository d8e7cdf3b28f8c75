// A prediction service inside the page: this service worker responds to the page's requests to /predict, without a server.
// The folder of the package is served beside it, as ./litmus-text/.
import { createHandler } from "./litmus-text/dist/handler.js";

const ROUTES = ["predict", "model", "health", "metrics", "openapi.json"].map((path) => `/${path}`);
/** What the app needs offline. The package caches the model by itself. */
const FILES = ["./", "./litmus-text/wasm/litmus_text_bg.wasm"];
const CACHE = "app-1";

const handler = createHandler();

/** Loads the model. If that fails, so does the installation, and the browser tries it again at the next visit. */
async function loadModel() {
  for (;;) {
    const response = await handler(new Request(new URL("/model", location)));
    if (response.ok) return;
    const { error } = await response.json();
    // A response does not wait longer than 30 seconds, but the load goes on.
    if (error.code !== "loading") throw new Error(error.message);
  }
}

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES);
  await loadModel();
  await skipWaiting();
}

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== location.origin) return;
  if (ROUTES.includes(pathname)) event.respondWith(handler(event.request, event));
  else
    event.respondWith(
      fetch(event.request).catch(async (error) => (await caches.match(event.request)) ?? Promise.reject(error)),
    );
});
