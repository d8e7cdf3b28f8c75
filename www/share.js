// Links that contain the text, the task and a taught head, in the fragment: browsers do not send that part of a URL to
// the server.
import { $ } from "./dom.js";
import { headerOf } from "./head-file.js";
import { loadPartTexts, showText } from "./language.js";
import { quantise } from "./small-head.js";
import { allTasks, chooseTask, task } from "./task.js";
import { loadTaught, taught } from "./taught.js";
import { fill } from "./try.js";

await loadPartTexts(); // its messages are among them

/** Maximum length of a fragment in characters. Mail and chat programs break longer links. */
const LONGEST = 4000;

const toBase64 = (bytes) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
const fromBase64 = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

/** The fields of the fragment. A truncated link can end within a percent-encoded character: such a field is left out. */
function fields() {
  const found = {};
  for (const field of location.hash.slice(1).split("&")) {
    const [, key, value] = /^(\w+)=(.*)$/s.exec(field) ?? [];
    try {
      if (key) found[key] = decodeURIComponent(value);
    } catch {
      // Truncated.
    }
  }
  return found;
}

/** Fills in what the address contains, without its text if that is not wanted. packaged.js has chosen the model. */
export async function openLink({ withText }) {
  const { text, task, head } = fields();
  if (task !== undefined && head === undefined) chooseTask(task);
  if (withText && text !== undefined) fill(text);
  if (head === undefined) return;
  try {
    await loadTaught(fromBase64(head), { isReceived: true });
    chooseTask("taught");
  } catch (error) {
    console.warn(error);
    showText($("shared"), "share.damaged");
  }
}

/** The fragment, and the message that says what is in it. */
function link() {
  const value = $("text").value.toWellFormed?.() ?? $("text").value;
  const which = $("packaged").value === "multilingual" ? "&model=multilingual" : "";
  const text = `#text=${encodeURIComponent(value)}${which}`;
  const { id } = task() ?? {};
  if (id !== "taught") {
    const isDefault = id === undefined || id === allTasks()[0].id;
    return { hash: isDefault ? text : `${text}&task=${encodeURIComponent(id)}`, message: "share.copied" };
  }
  const { head } = taught();
  const small = headerOf(head).dtype === "i8" ? head : quantise(head);
  const hash = `${text}&task=taught&head=${toBase64(small)}`;
  return hash.length <= LONGEST ? { hash, message: "share.with-head" } : { hash: text, message: "share.without-head" };
}

/** Copies a link. Called in a click, because browsers let a page copy only then. */
export async function copyLink() {
  const { hash, message } = link();
  if (hash.length > LONGEST) {
    showText($("shared"), "share.long");
    return;
  }
  history.replaceState(null, "", hash);
  const copied = await navigator.clipboard?.writeText(location.href).then(
    () => true,
    () => false,
  );
  showText($("shared"), copied ? message : "share.refused");
}
