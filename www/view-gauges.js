// Shows a prediction as one gauge per label, with the threshold as a handle that the visitor moves.
import { $, make } from "./dom.js";
import { nameOf, toneOf } from "./labels.js";
import { percent, t } from "./language.js";

/** Step of a handle, which goes from 0 to 1. */
const STEP = 0.01;

export const element = $("gauges");

const limits = new Map(); // thresholds that the visitor has chosen, by label
let now; // { scores by label, info }
let changed; // called after a handle was moved

export function onChoice(listener) {
  changed = listener;
}

const limitOf = (label) => limits.get(label) ?? now.info.thresholds[now.info.labels.indexOf(label)];
const isFlagged = (label) => now.scores.get(label) >= limitOf(label);

export function show({ scores }, info) {
  now = { scores: new Map(scores.map(({ label, score }) => [label, score])), info };
  if (element.childElementCount === 0) build();
  for (const label of info.labels) fill(label);
  const flagged = scores.map(({ label }) => label).filter(isFlagged);
  const [highest] = flagged;
  $("limits-reset").hidden = limits.size === 0;
  return {
    verdict: flagged.length > 0 ? flagged.map(nameOf).join(t("comma")) : t("gauges.none"),
    confidence: highest && percent(now.scores.get(highest)),
    tone: highest ? toneOf(highest, info.labels) : "other-0",
    level: scores[0].score,
    hint: t("gauges.hint"),
  };
}

/** The label with the highest score, which is the one that is explained. */
export const explained = () => [[...now.scores].reduce((best, each) => (each[1] > best[1] ? each : best))[0]];

function build() {
  const rows = now.info.labels.map((label) => {
    const id = `limit-${label}`;
    const handle = make("input", { type: "range", id, min: 0, max: 1, step: STEP });
    handle.addEventListener("input", () => {
      limits.set(label, handle.valueAsNumber);
      changed();
    });
    const heading = make("p", {}, make("strong"), " ", make("span", { className: "said" }));
    const row = make("div", { className: "gauge" }, heading, make("div", { className: "dial" }, make("i"), handle));
    row.dataset.label = label;
    return row;
  });
  const reset = make("button", { type: "button", id: "limits-reset", className: "quiet" });
  reset.addEventListener("click", () => {
    limits.clear();
    changed();
    element.querySelector("input").focus();
  });
  element.replaceChildren(...rows, reset);
}

function fill(label) {
  const row = element.querySelector(`[data-label="${CSS.escape(label)}"]`);
  const score = now.scores.get(label);
  const limit = limitOf(label);
  row.style.setProperty("--score", score);
  row.style.setProperty("--limit", limit);
  row.classList.toggle("flagged", isFlagged(label));
  if (isFlagged(label)) row.dataset.tone = toneOf(label, now.info.labels);
  else delete row.dataset.tone;
  row.querySelector("strong").textContent = nameOf(label);
  row.querySelector(".said").textContent = t(isFlagged(label) ? "gauges.above" : "gauges.below", percent(score));
  const handle = row.querySelector("input");
  handle.value = limit;
  handle.ariaLabel = t("gauges.limit", nameOf(label));
  handle.ariaValueText = percent(limit);
  $("limits-reset").textContent = t("gauges.reset");
}
