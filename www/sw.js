// Service worker: stores one complete version of the site and serves it from storage. A new version is downloaded beside
// it; each file is checked against its SHA-256 in precache.js, which tools/site.mjs writes. A complete new version is
// offered to the page, and takes over when the visitor accepts it. The English model is part of it once a page has used it.
importScripts("precache.js");

const { version, files } = self.PRECACHE;
const { scope } = self.registration;
const OURS = `litmus-demo ${scope} `;
const NAME = OURS + version;
/** The folder of the English model. */
const MODEL = "litmus-text/models/english/";
const modelFiles = Object.keys(files).filter((path) => path.startsWith(MODEL));
const otherFiles = Object.keys(files).filter((path) => !path.startsWith(MODEL));

const urlOf = (path) => new URL(path, scope).href;
/** A file's key in the cache. It contains the checksum, so that versions with the same file share the key. */
const keyOf = (path) => `${urlOf(path)}?sha256=${files[path]}`;

/** The first 128 bits of a SHA-256 in hexadecimal, as in precache.js. */
async function sha256(bytes) {
  const sum = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(sum, 0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Downloads a file of this version. If an HTTP cache returned another version, a second request bypasses it. */
async function download(path) {
  for (const cache of ["no-cache", "reload"]) {
    const response = await fetch(urlOf(path), { cache });
    if (!response.ok) throw new Error(`${path}: status ${response.status}`);
    const bytes = await response.arrayBuffer();
    if ((await sha256(bytes)) === files[path]) {
      // A new Response: browsers reject a redirected response as the answer to a navigation.
      return new Response(bytes, { headers: { "content-type": response.headers.get("content-type") ?? "" } });
    }
  }
  throw new Error(`${path} is not of version ${version}`);
}

/** Stores files. Those that an earlier version has stored already are not downloaded. */
async function store(paths) {
  const cache = await caches.open(NAME);
  const storeOne = async (path) => {
    const key = keyOf(path);
    if (await cache.match(key)) return;
    await cache.put(key, (await caches.match(key)) ?? (await download(path)));
  };
  await Promise.all(paths.map(storeOne));
}

/** Stores all files, or none; those of the model only if an earlier version has stored it. */
async function install() {
  try {
    const hasModel = await caches.match(urlOf(`${MODEL}model.onnx`), { ignoreSearch: true });
    await store(hasModel ? [...otherFiles, ...modelFiles] : otherFiles);
  } catch (error) {
    await caches.delete(NAME);
    throw error;
  }
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The path of the file that a URL refers to, if this version has that file. */
function pathOf(url) {
  const plain = url.replace(/[?#].*/, "");
  if (!plain.startsWith(scope)) return undefined;
  const path = decodeURIComponent(plain.slice(scope.length)) || "index.html";
  return Object.hasOwn(files, path) ? path : undefined;
}

/**
 * Reports a request that goes to the network to the page that makes it, which counts it (network.js). Which page a worker belongs
 * to is not known: its requests are reported to all pages. A navigation is another page's request.
 */
async function report(request, clientId) {
  const { method, url, mode } = request;
  if (mode === "navigate") return;
  const body = ["GET", "HEAD"].includes(method) ? 0 : (await request.arrayBuffer()).byteLength;
  const client = await self.clients.get(clientId);
  const all = { type: "window", includeUncontrolled: true };
  for (const page of client?.type === "window" ? [client] : await self.clients.matchAll(all)) {
    page.postMessage({ type: "request", method, url, bytes: body });
  }
}

async function answer({ request, clientId }, path) {
  const kept = await caches.match(keyOf(path), { cacheName: NAME });
  if (kept) return kept;
  void report(request.clone(), clientId); // a file of the model before it is stored, or one that the browser has evicted
  return fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
  if (event.data === "keep the model")
    event.waitUntil(store(modelFiles).then(() => event.ports[0].postMessage("it is kept")));
});
self.addEventListener("fetch", (event) => {
  const path = event.request.method === "GET" ? pathOf(event.request.url) : undefined;
  if (path !== undefined) event.respondWith(answer(event, path));
  else event.waitUntil(report(event.request.clone(), event.clientId));
});
