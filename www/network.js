// "0 bytes sent": counts the page's network requests since the model was ready.
import { $, make } from "./dom.js";
import { onLanguage, showText, t } from "./language.js";

/**
 * Request counts by "METHOD URL": seen by the page's Resource Timing (`timeline`), seen by the service worker (`worker`),
 * and made by the frame that fetches models (`frame`). `bytes` is the size of URL and body of one request.
 */
const requests = new Map();
let since = Infinity;

/** The service worker's script, which browsers request by themselves, again and again. Only WebKit's timeline lists it. */
const SERVICE_WORKER = new URL("sw.js", document.baseURI).href;

/** Whether a request loads a file of this page, which has the same address for every visitor and text. */
function isOwnFile(url) {
  const { href, search } = new URL(url);
  const isHere = href.startsWith(new URL(".", document.baseURI).href) && search === "";
  return isHere && /\.(m?js|css|json|head|onnx)$/.test(href);
}

function count(method, url, source, bytes = 0) {
  const key = `${method} ${url}`;
  const found = requests.get(key) ?? { timeline: 0, worker: 0, frame: 0, bytes: 0 };
  found[source]++;
  found.bytes = Math.max(found.bytes, new TextEncoder().encode(url).length + bytes);
  requests.set(key, found);
  show();
}

/** Resource Timing and the service worker both see requests of the page; only the latter sees those of workers. */
const times = ({ timeline, worker, frame }) => Math.max(timeline, worker) + frame;

function show() {
  if (since === Infinity) return;
  const all = [...requests];
  const total = all.reduce((sum, [, each]) => sum + times(each), 0);
  const bytes = all.reduce((sum, [, each]) => sum + times(each) * each.bytes, 0);
  showText($("sent"), "net.sent", bytes, total);
  $("network").dataset.requests = total;
  const items = all.map(([key, each]) => {
    const by = each.frame > 0 ? ` (${t("net.frame")})` : "";
    return make("li", {}, make("code", { textContent: key }), times(each) > 1 ? ` × ${times(each)}${by}` : by);
  });
  if (!navigator.serviceWorker?.controller) items.push(make("li", { textContent: t("net.page-only") }));
  $("requests").replaceChildren(...items);
}

export function startCounting() {
  if (since !== Infinity) return;
  since = performance.now();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.name === SERVICE_WORKER || isOwnFile(entry.name)) continue;
      // Requests with a `workerStart` went through the service worker, which reports those that reached the network.
      if (entry.startTime >= since && entry.workerStart === 0) count("GET", entry.name, "timeline");
    }
  }).observe({ type: "resource" });
  show();
}

/** Counts a request of the frame that fetches models. Resource Timing of this page does not include it. */
export const countOfFrame = (url) => count("GET", url, "frame");

navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (data.type !== "request" || since === Infinity || (data.method === "GET" && isOwnFile(data.url))) return;
  count(data.method, data.url, "worker", data.bytes);
});
navigator.serviceWorker?.addEventListener("controllerchange", show);
onLanguage(show);
