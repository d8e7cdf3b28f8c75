// Labels as the page shows them: the packaged model's in the visitor's language, anybody else's as they are.
import { has, t } from "./language.js";

export const nameOf = (label) => (has(`label.${label}`) ? t(`label.${label}`) : label);

/** Red for negative, blue for positive, as litmus has it; violet and its neighbours for the others, in the model's order. */
export function toneOf(label, labels) {
  if (label === "negative" || label === "positive") return label;
  const others = labels.filter((each) => each !== "negative" && each !== "positive");
  return `other-${others.indexOf(label) % 4}`;
}
