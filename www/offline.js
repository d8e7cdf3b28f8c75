// Offline use: the service worker stores a complete version of the site, and a newer version is offered once it is
// stored completely.

import { hasUnsaved, isBusy } from "./busy.js";
import { $, announce } from "./dom.js";
import { t } from "./language.js";
import { isLoaded, model, onModel } from "./model.js";

/** Milliseconds between two checks for a new version while the page is open. */
const CHECK_MS = 60 * 60 * 1000;
const KEY = "left";

let accepted = false; // whether the visitor has accepted the new version in this window

/** Shows that there is a new version, with the button that runs `accept`. */
function offer(accept) {
  $("update").hidden = false;
  $("reload").onclick = accept;
  announce(t("offline.update"));
}

/** Whether a reload would interrupt a job, or lose results or the visitor's own model. */
const wouldLose = () => isBusy() || hasUnsaved() || (model() && !model().packaged);

function keepText() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ text: $("text").value, model: $("packaged").value }));
  } catch {
    // Storage is blocked: they are lost, as in any other reload.
  }
}

/** Reloads the page with the new version. The typed text and the chosen packaged model are kept. */
function reload() {
  addEventListener("pagehide", keepText); // not before: where a job runs, the visitor may choose to stay
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
 * Asks the service worker to store the English model, if this visit has used it. A new version that waits is asked, too: once it
 * takes over, what the running version has stored is deleted.
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
export async function registerWorker() {
  const container = navigator.serviceWorker;
  if (!container) return;
  let first = !container.controller;
  container.addEventListener("controllerchange", () => {
    if (first) {
      first = false; // the first service worker has taken control: it serves the version that is already running
      return;
    }
    $("reload").onclick = reload; // for a visitor who stays now, when the browser asks because of a job
    // Where the new version was accepted in another window, this one is reloaded only if nothing is lost.
    if (accepted || !wouldLose()) reload();
    else offer(reload);
  });
  const registration = await container.register("sw.js", { updateViaCache: "none" });
  const watch = (worker) => {
    const takeOver = () => {
      accepted = true;
      worker.postMessage("take over");
    };
    const look = () => worker.state === "installed" && container.controller && offer(takeOver);
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

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  $("install").hidden = false;
  $("install").onclick = () => event.prompt();
});
addEventListener("appinstalled", () => ($("install").hidden = true));
