// How labels are shown: the packaged model's labels are translated, the labels of other models are shown unchanged.
import { has, t } from "./language.js";

export const nameOf = (label) => (has(`label.${label}`) ? t(`label.${label}`) : label);

/** Colour of a label: red for negative, blue for positive, like litmus paper; others cycle through four more colours. */
export function toneOf(label, labels) {
  if (label === "negative" || label === "positive") return label;
  const others = labels.filter((each) => each !== "negative" && each !== "positive");
  return `other-${others.indexOf(label) % 4}`;
}
