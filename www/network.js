// "0 bytes sent", counted: what the page has asked the network for since the model was ready.
import { $, make } from "./dom.js";
import { onLanguage, t } from "./language.js";

/** By "METHOD URL": how often the page's own timeline has it, how often the service worker, and the bytes of each. */
const requests = new Map();
let since = Infinity;

function count(method, url, source, bytes = 0) {
  const key = `${method} ${url}`;
  const found = requests.get(key) ?? { timeline: 0, worker: 0, frame: 0, bytes: 0 };
  found[source]++;
  found.bytes = Math.max(found.bytes, new TextEncoder().encode(url).length + bytes);
  requests.set(key, found);
  show();
}

/** A request of the page is seen by both, one of a worker by the service worker alone. */
const times = ({ timeline, worker, frame }) => Math.max(timeline, worker) + frame;

function show() {
  const all = [...requests];
  const total = all.reduce((sum, [, each]) => sum + times(each), 0);
  const bytes = all.reduce((sum, [, each]) => sum + times(each) * each.bytes, 0);
  $("sent").textContent = t("net.sent", bytes, total);
  $("network").dataset.requests = total;
  const items = all.map(([key, each]) => {
    const by = each.frame > 0 ? ` (${t("net.frame")})` : "";
    return make("li", {}, make("code", { textContent: key }), times(each) > 1 ? ` × ${times(each)}${by}` : by);
  });
  if (!navigator.serviceWorker?.controller) items.push(make("li", { textContent: t("net.page-only") }));
  $("requests").replaceChildren(...items);
}

/** Counts from now on. */
export function startCounting() {
  if (since !== Infinity) return;
  since = performance.now();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // What the service worker answers, it may have had on the device: it tells us if it has not.
      if (entry.startTime >= since && entry.workerStart === 0) count("GET", entry.name, "timeline");
    }
  }).observe({ type: "resource" });
  show();
}

/** What the frame that fetches models has asked for: it is no part of this page. */
export const countOfFrame = (url) => count("GET", url, "frame");

navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (data.type === "request" && since !== Infinity) count(data.method, data.url, "worker", data.bytes);
});
navigator.serviceWorker?.addEventListener("controllerchange", show);
onLanguage(show);
