// Starts the page: loads the model first, then what is not needed for the first prediction.
import { $ } from "./dom.js";
import { onModel } from "./model.js";
import { startCounting } from "./network.js";
import { keep, takeLeft } from "./offline.js";
import { chooseFirst, isLink } from "./packaged.js";
import "./parts.js";
import { untilModel } from "./taught.js";
import { fill } from "./try.js";

let share; // the script that makes and opens links, once it is loaded
const loadShare = async () => (share ??= await import("./share.js"));

/** Whether an earlier visit has left labels: the flag of taught-store.js. */
function isTaught() {
  try {
    return localStorage.getItem("taught") !== null;
  } catch {
    return false; // storage is blocked
  }
}

async function restoreTaught() {
  if (!isTaught() || /[#&]head=/.test(location.hash)) return;
  await (await import("./taught-store.js")).restoreTaught();
}

/** Opens the link in the address. What the visitor has `left` in the page before a reload counts more. */
function followAddress(left) {
  chooseFirst(left?.model);
  if (isLink()) void loadShare().then(({ openLink }) => openLink({ withText: !left }));
}

// Loaded before the click: after a pause, browsers do not let a page copy.
for (const type of ["pointerenter", "focus"]) $("share").addEventListener(type, loadShare);
$("share").addEventListener("click", () => (share ? share.copyLink() : loadShare().then(({ copyLink }) => copyLink())));
addEventListener("hashchange", () => isLink() && followAddress());

const left = takeLeft();
if (left) fill(left.text);
followAddress(left);
onModel(restoreTaught);
addEventListener("dragenter", () => import("./drop.js"), { once: true });

await untilModel();
document.documentElement.dataset.ready = "";
startCounting();
// Without a service worker or storage the page works, but not offline.
await keep().catch((error) => console.warn(error));
