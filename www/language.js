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
const listeners = [];

/** Returns an interface text. A text that is a function is called with `values`. */
export function t(key, ...values) {
  const text = strings[key];
  return typeof text === "function" ? text(...values) : text;
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

async function use(language) {
  ({ default: strings } = await TEXTS[language]());
  document.documentElement.lang = language;
  numbers = {
    count: new Intl.NumberFormat(language),
    percent: new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    figure: new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }),
  };
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.ariaLabel = t(element.dataset.tLabel);
  for (const element of document.querySelectorAll("[data-t-placeholder]"))
    element.placeholder = t(element.dataset.tPlaceholder);
  const button = $("language");
  button.textContent = t("other-language");
  button.lang = other();
  for (const listener of listeners) listener();
}

const other = () => (document.documentElement.lang === "en" ? "zh-Hans" : "en");

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
  await addPartTexts(language); // for the parts that are open, or will be before it is in use
  await use(language);
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Storage is blocked: the choice lasts until the page is closed.
  }
});

try {
  await use(chosen() ?? ofBrowser());
} finally {
  // The stylesheet hides the page until then, so that it is not shown in one language and then in another.
  document.documentElement.dataset.language = "";
}
