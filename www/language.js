// The interface's language: the visitor's choice if there is one, else the browser's language. The texts of a language are
// loaded when it is first used, those of the parts below the first view when one of these is opened.
import { $ } from "./dom.js";

const KEY = "language";
const TEXTS = {
  "en": () => import("./strings/en.js"),
  "zh-Hans": () => import("./strings/zh-Hans.js"),
};
const PART_TEXTS = {
  "en": () => import("./strings/en-parts.js"),
  "zh-Hans": () => import("./strings/zh-Hans-parts.js"),
};

let strings;
let numbers;
let wanted; // the language that the visitor chose last: its texts may still be loading
const listeners = [];
/** The values of texts that `showText` has shown, by element. */
const shown = new WeakMap();

/** Returns an interface text. A text that is a function is called with `values`. */
export function t(key, ...values) {
  const text = strings[key];
  return typeof text === "function" ? text(...values) : text;
}

/** Shows a text in an element, and again after each change of the language. Without a key, the element is emptied. */
export function showText(element, key, ...values) {
  if (key) element.dataset.t = key;
  else delete element.dataset.t;
  shown.set(element, values);
  element.textContent = key ? t(key, ...values) : "";
}

/** Says beside the text that a script could not be loaded. */
export function showBroken(error) {
  console.warn(error);
  showText($("shared"), "load.broken");
}

/** Whether there is a text with this key. For keys that contain labels or error codes, which may have no text. */
export const has = (key) => Object.hasOwn(strings, key);

export const count = (value) => numbers.count.format(value);
export const percent = (fraction) => numbers.percent.format(fraction);
/** Formats with three significant digits. */
export const figure = (value) => numbers.figure.format(value);

/** Registers a listener that redraws after each change of the language. */
export const onLanguage = (listener) => void listeners.push(listener);

/** Adds the texts of the parts to a language. */
async function addPartTexts(language) {
  const [{ default: texts }, { default: more }] = await Promise.all([TEXTS[language](), PART_TEXTS[language]()]);
  Object.assign(texts, more);
}

/** Loads the texts of the parts, and shows them in the elements that had none. */
export async function loadPartTexts() {
  await addPartTexts(document.documentElement.lang);
  for (const element of document.querySelectorAll("[data-t]:empty")) element.textContent = t(element.dataset.t);
}

async function useLanguage(language) {
  wanted = language;
  const { default: texts } = await TEXTS[language]();
  if (wanted !== language) return; // the visitor has chosen again
  strings = texts;
  document.documentElement.lang = language;
  numbers = {
    count: new Intl.NumberFormat(language),
    percent: new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    figure: new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }),
  };
  for (const element of document.querySelectorAll("[data-t]"))
    element.textContent = t(element.dataset.t, ...(shown.get(element) ?? []));
  for (const element of document.querySelectorAll("[data-t-label]")) element.ariaLabel = t(element.dataset.tLabel);
  for (const element of document.querySelectorAll("[data-t-placeholder]"))
    element.placeholder = t(element.dataset.tPlaceholder);
  const button = $("language");
  button.textContent = t("other-language");
  button.lang = other();
  for (const listener of listeners) listener();
}

const other = () => (wanted === "en" ? "zh-Hans" : "en");

/** The visitor's earlier choice. `localStorage` throws where the browser blocks storage. */
function chosen() {
  try {
    const language = localStorage.getItem(KEY);
    return Object.hasOwn(TEXTS, language) ? language : undefined;
  } catch {
    return undefined;
  }
}

function ofBrowser() {
  const first = navigator.languages.find((each) => /^(en|zh)\b/i.test(each));
  return first?.startsWith("zh") ? "zh-Hans" : "en";
}

$("language").addEventListener("click", async () => {
  const language = other();
  wanted = language; // before the texts are loaded: a second click goes back
  try {
    await addPartTexts(language); // for the parts that are open, or will be before it is in use
  } catch (error) {
    if (wanted === language) wanted = document.documentElement.lang;
    return showBroken(error);
  }
  if (wanted === language) await useLanguage(language);
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // Storage is blocked: the choice lasts until the page is closed.
  }
});

try {
  await useLanguage(chosen() ?? ofBrowser());
} finally {
  // The stylesheet hides the page until then, so that it is not shown in one language and then in another.
  document.documentElement.dataset.language = "";
}
