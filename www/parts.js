// The parts of the page below the first view. The scripts of a part are loaded when the part comes into view, or when
// something else needs them.
import { $, loadStyle, make } from "./dom.js";
import { loadPartTexts, showText } from "./language.js";

/** Files by part: a script, and stylesheets in the order of the cascade. */
const PARTS = {
  bulk: { script: () => import("./bulk.js"), styles: ["table.css"] },
  teach: { script: () => import("./teach.js"), styles: ["table.css", "teach.css"] },
  model: { script: () => import("./own-model.js") },
  speed: { script: () => import("./speed.js") },
};
/** What the scripts of the parts listen to. */
const EVENTS = ["click", "input", "change", "submit"];
/** How near to the window a part is loaded. */
const MARGIN = "100px";

const opened = new Map();

/** Loads a part once. Resolves to the exports of its script. */
export function openPart(id) {
  if (!opened.has(id)) opened.set(id, load(id));
  return opened.get(id);
}

async function load(id) {
  const { script, styles = [] } = PARTS[id];
  try {
    await loadPartTexts(); // scripts use them as soon as they run
    const [exports] = await Promise.all([script(), ...styles.map(loadStyle)]);
    showBroken(id, false);
    release(id);
    return exports;
  } catch (error) {
    opened.delete(id); // the next visit of the part tries again; some browsers keep a failed import until the page is reloaded
    held.delete(id);
    showBroken(id, true);
    throw error;
  }
}

/** Shows or removes the line which says that a part could not be loaded. */
function showBroken(id, is) {
  $(id).querySelector(".broken")?.remove();
  if (!is) return;
  const line = make("p", { className: "problem broken", role: "alert" });
  $(id).querySelector(".lede").after(line);
  showText(line, "load.broken");
}

/** Events that came before the script of their part, by part. */
const held = new Map();

/** Holds an event back. Of several events of one kind on one element, only the last is kept. */
function hold(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  const { id } = event.currentTarget;
  const others = (held.get(id) ?? []).filter(({ type, target }) => type !== event.type || target !== event.target);
  held.set(id, [...others, event]);
  void openPart(id).catch((error) => console.warn(error));
}

/** Lets the events of a part through, those first that were held back. */
function release(id) {
  for (const type of EVENTS) $(id).removeEventListener(type, hold, true);
  visible.unobserve($(id));
  for (const { type, target, submitter } of held.get(id) ?? []) {
    if (type === "click") target.click();
    else if (type === "submit") target.requestSubmit(submitter);
    else target.dispatchEvent(new Event(type, { bubbles: true }));
  }
}

const visible = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries)
      if (isIntersecting) void openPart(target.id).catch((error) => console.warn(error));
  },
  { rootMargin: MARGIN },
);

for (const id of Object.keys(PARTS)) {
  for (const type of EVENTS) $(id).addEventListener(type, hold, true);
  visible.observe($(id));
}
