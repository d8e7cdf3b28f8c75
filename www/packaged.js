// Which packaged model is used: the one that the visitor chooses beside the text, or that a link was made with; else the one
// that reads the language of the page. A reload with a new version keeps it.
import { isBusy } from "./busy.js";
import { $ } from "./dom.js";
import { showExamples } from "./examples.js";
import { onLanguage, showText, t } from "./language.js";
import { isAwaited, model, onModel, usePackaged } from "./model.js";
import { fail, read, showLoading } from "./try.js";

const menu = $("packaged");
/** The elements with texts for the model. The examples have a language of their own; error messages are in English. */
const texts = document.querySelectorAll("main [lang]:not(#examples, .reason)");
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

let chosen; // the name of the packaged model that is in use, or comes back into use after the visitor's own

/** Whether the visitor's own model is in use, and no packaged one is to replace it. */
const isOwn = () => Boolean(model() && !model().packaged && !isAwaited());
/** The language of the page. */
const language = () => document.documentElement.lang;
const ofLanguage = () => (language() === "en" ? "english" : "multilingual");

/** Whether the address has the fields of a link (share.js). */
export const isLink = () => location.hash.includes("=");
/** Links name only the multilingual model, so that those from before there was one stay correct. */
const ofLink = () => (/[#&]model=multilingual\b/.test(location.hash) ? "multilingual" : "english");

/** The language of the texts to be read; `""` if it is not known. */
export function textLanguage() {
  if (!isOwn()) return chosen === "english" ? "en" : language();
  const { languages } = model().classifier.info;
  if (languages?.some((each) => language().startsWith(each))) return language();
  return languages?.length === 1 ? languages[0] : "";
}

/** Whether the samples are in Chinese, as the texts to be read. */
export const readsChinese = () => textLanguage().startsWith("zh");

/** Shows which model is chosen, and the texts in its language. */
function showChoice() {
  menu.hidden = isOwn();
  menu.value = chosen;
  const now = textLanguage();
  for (const element of texts) element.lang = now;
  const hint = `try.placeholder.${isOwn() ? "own" : chosen}`;
  $("text").dataset.tPlaceholder = hint;
  $("text").placeholder = t(hint);
  void showExamples(now);
}

/**
 * Returns a listener for download progress. Files download in parallel; the bar shows the sum of their bytes, while the model is
 * the chosen one.
 */
function progressBar(name) {
  const files = new Map();
  return ({ file, loaded, total }) => {
    files.set(file, { loaded, total });
    if (name !== chosen) return;
    const all = [...files.values()];
    const sum = all.reduce((bytes, each) => bytes + each.loaded, 0);
    const known = all.every((each) => each.total !== null);
    const size = known ? all.reduce((bytes, each) => bytes + each.total, 0) : 0;
    if (known) Object.assign($("progress"), { max: size || 1, value: sum });
    else $("progress").removeAttribute("value");
    if (known && sum === size) showText($("progress-text"), "load.preparing");
    else showText($("progress-text"), "load.bytes", megabytes(sum), known && megabytes(size));
  };
}

/** Loads the chosen model and switches to it. */
export async function loadChosen() {
  const name = chosen;
  $("progress").removeAttribute("value");
  showText($("progress-text"), "load.fetching");
  showLoading();
  try {
    const loading = usePackaged(name, progressBar(name));
    showChoice();
    await loading;
  } catch (error) {
    if (name === chosen && isAwaited()) fail(error, "load.failed");
  }
}

/** Chooses a packaged model. While a table is read, nothing changes; a model of the visitor's own stays in use. */
function choose(name) {
  if (!isBusy()) chosen = name;
  showChoice();
  if (!isOwn() && (model()?.packaged !== chosen || isAwaited())) void loadChosen();
}

/** Chooses the model that was in use before a reload; without one, the model that the address asks for. */
export const chooseFirst = (left) => choose(left ?? (isLink() ? ofLink() : ofLanguage()));

menu.addEventListener("change", () => {
  showText($("shared"), isBusy() ? "model.busy" : undefined);
  choose(menu.value);
});
$("retry").addEventListener("click", () => {
  $("text").focus(); // the button disappears
  if (isOwn()) void read();
  else void loadChosen();
});
onLanguage(() => choose(ofLanguage()));
onModel(showChoice);
