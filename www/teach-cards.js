// The labels to teach: a card for each, with its name and its examples, one to a line.
import { $, make } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { onModel } from "./model.js";
import { textLanguage } from "./packaged.js";

/** Minimum number of cards: teaching takes two labels or more. */
const CARDS = 2;

const cards = $("teach-labels");
let changed = () => {};

/** Registers what is called after each change. */
export function onCards(listener) {
  changed = listener;
}

const nameIn = (card) => card.querySelector("input").value.trim();
const textsIn = (card) =>
  card
    .querySelector("textarea")
    .value.split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

/** The labels that have a name, each with its examples. Cards of the same name are one label. */
export function readCards() {
  const labels = new Map();
  for (const card of cards.children) {
    const name = nameIn(card);
    if (name) labels.set(name, [...(labels.get(name) ?? []), ...textsIn(card)]);
  }
  return Array.from(labels, ([name, texts]) => ({ name, texts }));
}

export function writeCards(labels) {
  const empty = Array.from({ length: Math.max(0, CARDS - labels.length) }, () => ({ name: "", texts: [] }));
  cards.replaceChildren(...[...labels, ...empty].map(makeCard));
  translate();
}

/** Adds labels, and the examples that they do not have yet. Empty cards are removed. */
export function addToCards(labels) {
  const before = [...cards.children].map((each) => ({ name: nameIn(each), texts: textsIn(each) }));
  const all = before.filter(({ name, texts }) => name || texts.length > 0);
  for (const { name, texts } of labels) {
    const found = all.find((each) => each.name === name);
    const known = new Set(found?.texts);
    if (found) found.texts.push(...texts.filter((text) => !known.has(text)));
    else all.push({ name, texts: [...texts] });
  }
  writeCards(all);
  changed();
}

/** Adds an example to a label. Its line breaks become spaces, because a line is an example. */
export function addExample(name, text) {
  const area = areaOf(name);
  area.value = [...textsIn(area.closest("li")), oneLine(text)].join("\n");
  update(area);
}

/** Removes an example from a label, unless its card was renamed or removed meanwhile. */
export function removeExample(name, text) {
  const area = areaOf(name);
  if (!area) return;
  const lines = textsIn(area.closest("li"));
  const at = lines.lastIndexOf(oneLine(text));
  area.value = lines.filter((_, i) => i !== at).join("\n");
  update(area);
}

export const oneLine = (text) => text.replace(/\s*[\r\n]+\s*/g, " ").trim();

const areaOf = (name) => [...cards.children].find((each) => nameIn(each) === name)?.querySelector("textarea");

function update(area) {
  showCount(area.closest("li"));
  changed();
}

let id = 0;

function makeCard({ name, texts }) {
  const key = ++id;
  const title = make("input", {
    type: "text",
    id: `card-name-${key}`,
    value: name,
    autocomplete: "off",
    spellcheck: false,
  });
  const area = make("textarea", { id: `card-texts-${key}`, rows: 5, value: texts.join("\n"), spellcheck: false });
  area.className = "small";
  const remove = make("button", { type: "button", className: "quiet remove", textContent: "×" });
  const element = make(
    "li",
    { className: "card" },
    make("label", { htmlFor: title.id, className: "for-name" }),
    make("div", { className: "title" }, title, remove),
    make("label", { htmlFor: area.id, className: "for-texts" }),
    area,
    make("p", { className: "note" }),
  );
  title.addEventListener("input", () => {
    showCount(element);
    changed();
  });
  area.addEventListener("input", () => update(area));
  remove.addEventListener("click", () => {
    element.remove();
    changed();
    $("teach-add").focus();
  });
  return element;
}

function showCount(element) {
  const name = nameIn(element);
  const { length } = textsIn(element);
  element.querySelector(".note").textContent = length === 0 && name ? t("teach.by-name") : t("teach.count", length);
  element.querySelector(".remove").ariaLabel = t("teach.remove", name);
}

function translate() {
  for (const element of cards.children) {
    for (const field of element.querySelectorAll("input, textarea")) field.lang = textLanguage();
    element.querySelector(".for-name").textContent = t("teach.name");
    element.querySelector(".for-texts").textContent = t("teach.examples");
    showCount(element);
  }
}

$("teach-add").addEventListener("click", () => {
  cards.append(makeCard({ name: "", texts: [] }));
  translate();
  cards.lastElementChild.querySelector("input").focus();
});
onLanguage(translate);
onModel(translate);
