// How labels are shown: the packaged model's labels are translated, the labels of other models are shown unchanged.
import { figure, has, percent, t } from "./language.js";

/** Where a text can have several labels, `null` stands for none. */
export const nameOf = (label) => (has(`label.${label}`) ? t(`label.${label}`) : label);

/** Whether scores are values without limits, as those of regressions, instead of probabilities. */
export const areValues = ({ activation }) => activation === "none";
export const scoreText = (score, info) => (areValues(info) ? figure(score) : percent(score));

/** Colour of a label: red for negative, blue for positive, like litmus paper; others cycle through four more colours. */
export function toneOf(label, labels) {
  if (label === "negative" || label === "positive") return label;
  const others = labels.filter((each) => each !== "negative" && each !== "positive");
  return `other-${others.indexOf(label) % 4}`;
}
