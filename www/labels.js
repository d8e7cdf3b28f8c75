// How labels are shown: the packaged model's labels are translated, the labels of other models are shown unchanged.
import { decimal, has, percent, t } from "./language.js";

/** `null` stands for none, where a text can have several labels. */
export const nameOf = (label) => {
  if (label === null) return t("label-none");
  return has(`label.${label}`) ? t(`label.${label}`) : label;
};

/** Whether scores are values without limits, as those of regressions, instead of probabilities. */
export const areValues = ({ activation }) => activation === "none";
export const scoreText = (score, info) => (areValues(info) ? decimal(score) : percent(score));

/** Colour of a label: red for negative, blue for positive, like litmus paper; others cycle through four more colours. */
export function toneOf(label, labels) {
  if (label === null) return "none";
  if (label === "negative" || label === "positive") return label;
  const others = labels.filter((each) => each !== "negative" && each !== "positive");
  return `other-${others.indexOf(label) % 4}`;
}
