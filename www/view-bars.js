// Shows a prediction as a verdict and a bar for each label.
import { $, make } from "./dom.js";
import { areValues, nameOf, scoreText, toneOf } from "./labels.js";
import { t } from "./language.js";

/** Maximum number of bars: a model with more labels shows the most probable ones. */
export const MAX_BARS = 6;

export const element = $("bars");

export function show(prediction, info) {
  const { label, score, scores, other } = prediction;
  element.classList.toggle("values", areValues(info));
  const texts = scores.map((each) => [each.label, scoreText(each.score, info)]);
  bars(element, scores, info.labels, Object.fromEntries(texts));
  return {
    verdict: other ? t("taught.other") : nameOf(label),
    confidence: label && scoreText(score, info),
    tone: toneOf(label, info.labels),
    level: label === null || areValues(info) ? 0 : score,
  };
}

/** One bar per label with its text, in the model's order, so that bars keep their position while the text changes. */
export function bars(list, scores, labels, texts) {
  const rows = labels.length > MAX_BARS ? scores.slice(0, MAX_BARS).map(({ label }) => label) : labels;
  const key = rows.join("\n");
  if (list.dataset.rows !== key) {
    list.replaceChildren(...rows.map((label) => bar(label, labels)));
    list.dataset.rows = key;
  }
  for (const { label, score } of scores) {
    const row = list.children[rows.indexOf(label)];
    if (!row) continue;
    row.style.setProperty("--score", score);
    row.querySelector("dt").textContent = nameOf(label);
    row.querySelector("dd").textContent = texts[label];
  }
}

function bar(label, labels) {
  const row = make("div", {}, make("dt"), make("dd"));
  row.dataset.tone = toneOf(label, labels);
  return row;
}
