// Offline use: the service worker stores a complete version of the site, and a newer version is offered once it is
// stored completely.

import { isBusy } from "./busy.js";
import { $ } from "./dom.js";
import { isLoaded, onModel } from "./model.js";

/** Milliseconds between two checks for a new version while the page is open. */
const CHECK_MS = 60 * 60 * 1000;
const KEY = "left";

let accepted = false; // whether the visitor has accepted the new version in this window

function offer(worker) {
  $("update").hidden = false;
  $("reload").onclick = () => {
    accepted = true;
    worker.postMessage("take over");
  };
}

/** Reloads the page with the new version. The typed text and the chosen packaged model are kept. */
function reload() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ text: $("text").value, model: $("packaged").value }));
  } catch {
    // Storage is blocked: they are lost, as in any other reload.
  }
  location.reload();
}

/** Returns what `reload` has saved, `{ text, model }`, and removes it; `null` if there is nothing. */
export function takeLeft() {
  try {
    const left = JSON.parse(sessionStorage.getItem(KEY));
    sessionStorage.removeItem(KEY);
    return left;
  } catch {
    return null;
  }
}

/**
 * Has the service worker store the English model, once this visit has used it; so does a new version that waits, because it
 * replaces what is stored.
 */
async function keepModel({ active, waiting }) {
  if (!isLoaded("english")) return;
  const ask = (worker) =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      worker.postMessage("keep the model", [port2]);
    });
  await Promise.all([active, waiting].filter(Boolean).map(ask));
}

/** Registers the service worker. Called after the model is ready, so that storing the site does not delay the first prediction. */
export async function keep() {
  const container = navigator.serviceWorker;
  if (!container) return;
  let first = !container.controller;
  container.addEventListener("controllerchange", () => {
    if (first) {
      first = false; // the first service worker has taken control: it serves the version that is already running
      return;
    }
    // The new version was accepted in another window: a running job is not interrupted.
    if (accepted || !isBusy()) reload();
    else offerReload();
  });
  const registration = await container.register("sw.js", { updateViaCache: "none" });
  const watch = (worker) => {
    const look = () => worker.state === "installed" && container.controller && offer(worker);
    worker.addEventListener("statechange", look);
    look();
  };
  if (registration.waiting) watch(registration.waiting);
  if (registration.installing) watch(registration.installing);
  registration.addEventListener("updatefound", () => watch(registration.installing));
  setInterval(() => registration.update().catch(() => undefined), CHECK_MS);
  await container.ready;
  onModel(() => keepModel(registration));
  await keepModel(registration);
  document.documentElement.dataset.offline = "";
}

function offerReload() {
  $("update").hidden = false;
  $("reload").onclick = reload;
}

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  $("install").hidden = false;
  $("install").onclick = () => event.prompt();
});
addEventListener("appinstalled", () => ($("install").hidden = true));
