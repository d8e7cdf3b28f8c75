// Starts the page: loads the model first, then what is not needed for the first prediction.
import { $ } from "./dom.js";
import { showBroken } from "./language.js";
import { onModel, untilModel } from "./model.js";
import { startCounting } from "./network.js";
import { registerWorker, takeLeft } from "./offline.js";
import { chooseFirst, isLink } from "./packaged.js";
import "./parts.js";
import { fill } from "./try.js";

let share; // the script that makes and opens links, once it is loaded
const loadShare = async () => (share ??= await import("./share.js"));
let followed; // the fragment whose link was opened last, or that was copied: coming back to it leaves the text as it is

/** Whether an earlier visit has left labels: the flag of taught-store.js. */
function hasStoredLabels() {
  try {
    return localStorage.getItem("taught") !== null;
  } catch {
    return false; // storage is blocked
  }
}

async function restoreLabels() {
  if (!hasStoredLabels() || /[#&]head=/.test(location.hash)) return;
  const { restoreTaught } = await import("./taught-store.js");
  await restoreTaught();
}

/** Opens the link in the address. What the visitor had `left` in the page before a reload takes precedence over its text and model. */
function followAddress(left) {
  followed = location.hash;
  chooseFirst(left?.model);
  if (isLink())
    loadShare()
      .then(({ openLink }) => openLink({ withText: !left }))
      .catch(showBroken);
}

function copyLink() {
  void share.copyLink();
  followed = location.hash;
}

// Loaded before the click: after a pause, browsers do not let a page copy.
for (const type of ["pointerenter", "focus"])
  $("share").addEventListener(type, () => loadShare().catch(() => undefined)); // the click says that it failed
$("share").addEventListener("click", () => (share ? copyLink() : loadShare().then(copyLink).catch(showBroken)));
addEventListener("hashchange", () => isLink() && location.hash !== followed && followAddress());

// From the start: the browser would open a file that is dropped before drop.js is loaded, in place of the page.
for (const type of ["dragover", "drop"])
  addEventListener(type, (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
addEventListener("dragenter", () => import("./drop.js").catch(showBroken), { once: true });

const left = takeLeft();
if (left) fill(left.text);
followAddress(left);
onModel(() => restoreLabels().catch((error) => console.warn(error)));

await untilModel();
document.documentElement.dataset.ready = "";
startCounting();
// Without a service worker or storage the page works, but not offline.
await registerWorker().catch((error) => console.warn(error));
