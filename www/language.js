// The language of the interface: the browser's, or the one that the visitor has chosen.
import { $ } from "./dom.js";
import { strings } from "./strings.js";

const KEY = "language";

let now = "en";
let numbers;
const listeners = [];

/** A text of the interface; `values` go into it. */
export function t(key, ...values) {
  const text = strings[now][key];
  return typeof text === "function" ? text(...values) : text;
}

/** Whether the interface has this text: for keys made from what others call things. */
export const has = (key) => Object.hasOwn(strings[now], key);

export const count = (value) => numbers.count.format(value);
export const percent = (share) => numbers.percent.format(share);
/** Few digits, whatever the size. */
export const figure = (value) => numbers.figure.format(value);

/** Says again what depends on the language, whenever it changes. */
export const onLanguage = (listener) => void listeners.push(listener);

function use(language) {
  now = language;
  document.documentElement.lang = language;
  numbers = {
    count: new Intl.NumberFormat(language),
    percent: new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    figure: new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }),
  };
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.ariaLabel = t(element.dataset.tLabel);
  for (const element of document.querySelectorAll("[data-t-placeholder]")) element.placeholder = t(element.dataset.tPlaceholder);
  const button = $("language");
  button.textContent = t("other-language");
  button.lang = other();
  for (const listener of listeners) listener();
}

const other = () => (now === "en" ? "zh-Hans" : "en");

/** The visitor's earlier choice; browsers may refuse the store. */
function chosen() {
  try {
    const language = localStorage.getItem(KEY);
    return Object.hasOwn(strings, language) ? language : undefined;
  } catch {
    return undefined;
  }
}

function ofBrowser() {
  const first = navigator.languages.find((each) => /^(en|zh)\b/i.test(each));
  return first?.startsWith("zh") ? "zh-Hans" : "en";
}

$("language").addEventListener("click", () => {
  use(other());
  try {
    localStorage.setItem(KEY, now);
  } catch {
    // Then it is asked for again at the next visit.
  }
});

use(chosen() ?? ofBrowser());
