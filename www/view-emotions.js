// Shows a prediction as a ranked list: the most probable labels, each with its threshold and, below it, the words that speak
// for it. The visitor chooses the label whose words are coloured in the text.
import { $, make } from "./dom.js";
import { nameOf, toneOf } from "./labels.js";
import { percent, t } from "./language.js";
import { wordItems } from "./words.js";

/**
 * How many labels with the highest scores are listed; how many at most together with labels of the prediction that have lower
 * scores; and how many are explained before the visitor chooses one.
 */
const LISTED = 6;
const MOST_LISTED = 8;
const EXPLAINED = 3;
/** How many words are listed for a label. */
const WORDS = 4;

export const element = $("emotions");

let now; // { scores, given, info, words by label }
let chosen; // the label that the visitor has chosen for this text
let changed; // called after the choice of another label

/** `again`: the text is the one that was shown before. */
export function show({ scores, labels: given }, info, again) {
  const listed = scores.filter(({ label }, i) => i < LISTED || given.includes(label)).slice(0, MOST_LISTED);
  now = { scores: listed, given, info, words: again ? now.words : new Map() };
  if (!again) chosen = undefined;
  draw();
  const [first] = given;
  const best = first && scores.find(({ label }) => label === first);
  return {
    verdict: given.length > 0 ? given.slice(0, EXPLAINED).map(nameOf).join(t("comma")) : t("emotion.none"),
    confidence: best && percent(best.score),
    tone: toneOf(first ?? "neutral", info.labels),
    level: best?.score ?? 0,
    hint: t("emotion.hint"),
  };
}

/** The labels to explain, first the one whose words are coloured. */
export const explained = () =>
  chosen ? [chosen] : now.given.length > 0 ? now.given.slice(0, EXPLAINED) : [selected()];
const selected = () => chosen ?? now.given[0] ?? now.scores[0].label;

export function showWords(label, attributions) {
  now.words.set(label, attributions);
  draw();
}

/** Registers what is called after the visitor has chosen another label. */
export function onChoice(listener) {
  changed = listener;
}

function draw() {
  const focused = element.contains(document.activeElement) && document.activeElement.dataset.label;
  element.replaceChildren(...now.scores.map(row));
  if (focused) element.querySelector(`[data-label="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function row({ label, score }) {
  const { info, given, words } = now;
  const limit = info.thresholds?.[info.labels.indexOf(label)];
  const button = make(
    "button",
    { type: "button", ariaPressed: String(label === selected()) },
    make("span", { className: "emotion", textContent: nameOf(label) }),
    make("span", { className: "scale" }),
    make("span", { className: "share", textContent: percent(score) }),
  );
  button.dataset.label = label;
  button.style.setProperty("--score", score);
  if (limit !== undefined) button.style.setProperty("--limit", limit);
  const spoken = make("ol", { className: "weights", lang: "en" }, ...wordItems(words.get(label) ?? []).slice(0, WORDS));
  const item = make("li", { className: given.includes(label) ? "given" : "" }, button, spoken);
  item.dataset.tone = toneOf(label, info.labels);
  return item;
}

element.addEventListener("click", ({ target }) => {
  const { label } = target.closest("button")?.dataset ?? {};
  if (!label) return;
  chosen = label;
  draw();
  changed();
});
