// Keeps one whole version of the site on the device, and answers from it alone. A new version is fetched beside it and
// checked, file by file, against the SHA-256 that it was published with; only when all are there is it offered to the
// page, and only when the visitor agrees does it take over. precache.js is made by tools/site.mjs.
importScripts("precache.js");

const { version, files } = self.PRECACHE;
const { scope } = self.registration;
const OURS = `litmus-demo ${scope} `;
const NAME = OURS + version;

const urlOf = (path) => new URL(path, scope).href;
/** A file's key in the cache: the same in every version that has the same bytes. */
const keyOf = (path) => `${urlOf(path)}?sha256=${files[path]}`;

/** The first half of a SHA-256, as precache.js has it. */
async function sha256(bytes) {
  const sum = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(sum, 0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Fetches a file of this version; a copy that the browser or a proxy has of another is asked for once more. */
async function download(path) {
  for (const cache of ["no-cache", "reload"]) {
    const response = await fetch(urlOf(path), { cache });
    if (!response.ok) throw new Error(`${path}: status ${response.status}`);
    const bytes = await response.arrayBuffer();
    if ((await sha256(bytes)) === files[path]) {
      // A response of our own: one that was redirected may not answer a navigation.
      return new Response(bytes, { headers: { "content-type": response.headers.get("content-type") ?? "" } });
    }
  }
  throw new Error(`${path} is not of version ${version}`);
}

/** All or nothing. What an earlier version has already is not downloaded. */
async function install() {
  try {
    const cache = await caches.open(NAME);
    const get = async (path) => cache.put(keyOf(path), (await caches.match(keyOf(path))) ?? (await download(path)));
    await Promise.all(Object.keys(files).map(get));
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

/** The file that a URL stands for, if it is one of this version. */
function pathOf(url) {
  const plain = url.replace(/[?#].*/, "");
  if (!plain.startsWith(scope)) return undefined;
  const path = decodeURIComponent(plain.slice(scope.length)) || "index.html";
  return Object.hasOwn(files, path) ? path : undefined;
}

/** Tells the pages of a request that goes to the network: they show how many there were. */
async function report(request) {
  const { method, url } = request;
  const body = ["GET", "HEAD"].includes(method) ? 0 : (await request.arrayBuffer()).byteLength;
  for (const client of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    client.postMessage({ type: "request", method, url, bytes: body });
  }
}

async function answer(request, path) {
  const kept = await caches.match(keyOf(path), { cacheName: NAME });
  if (kept) return kept;
  void report(request.clone()); // the browser has dropped it
  return fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", ({ data }) => data === "take over" && self.skipWaiting());
self.addEventListener("fetch", (event) => {
  const path = event.request.method === "GET" ? pathOf(event.request.url) : undefined;
  if (path !== undefined) event.respondWith(answer(event.request, path));
  else event.waitUntil(report(event.request.clone()));
});
