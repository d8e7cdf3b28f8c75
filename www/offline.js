// Installed and offline: the service worker keeps a whole version, and a newer one is offered when it is whole.
import { $ } from "./dom.js";
import { isBusy } from "./bulk.js";

/** Milliseconds between looks for a new version, while the page is open. */
const LOOK_MS = 60 * 60 * 1000;
const KEY = "text";

let asked = false; // whether the visitor wants the new version now

function offer(worker) {
  $("update").hidden = false;
  $("reload").onclick = () => {
    asked = true;
    worker.postMessage("take over");
  };
}

/** Starts again with the version that has taken over; the text stays. */
function reload() {
  try {
    sessionStorage.setItem(KEY, $("text").value);
  } catch {
    // Then it is lost, as with any other reload.
  }
  location.reload();
}

/** The text that a reload for a new version has left. */
export function leftText() {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return text;
  } catch {
    return null;
  }
}

/** Keeps this version on the device, once that takes nothing from the first reading. */
export async function keep() {
  const container = navigator.serviceWorker;
  if (!container) return;
  let first = !container.controller;
  container.addEventListener("controllerchange", () => {
    if (first) {
      first = false; // it has just come to be, with this very version
      return;
    }
    // The new version was asked for in another window: what is going on here may come to its end.
    if (asked || !isBusy()) reload();
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
  setInterval(() => registration.update().catch(() => undefined), LOOK_MS);
  await container.ready;
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
