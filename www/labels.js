// How labels are shown: labels that the packaged model has are translated, others are shown unchanged.
import { figure, has, percent, t } from "./language.js";

/** `null` stands for none of several labels. */
export function nameOf(label) {
  if (label === null) return t("label");
  return has(`label.${label}`) ? t(`label.${label}`) : label;
}

/** Whether scores are values without limits, as those of regressions, instead of probabilities. */
export const areValues = ({ activation }) => activation === "none";
export const scoreText = (score, info) => (areValues(info) ? figure(score) : percent(score));

/** The emotions that are positive, and those that are negative, after the paper on GoEmotions (Demszky et al. 2020). */
const POSITIVE =
  /^(positive|admiration|amusement|approval|caring|desire|excitement|gratitude|joy|love|optimism|pride|relief)$/;
const NEGATIVE =
  /^(negative|anger|annoyance|disappointment|disapproval|disgust|embarrassment|fear|grief|nervousness|remorse|sadness|toxic|hateful)$/;

/** Colour of a label: red for negative, blue for positive, like litmus paper; others cycle through four more colours. */
export function toneOf(label, labels) {
  if (NEGATIVE.test(label)) return "negative";
  if (POSITIVE.test(label)) return "positive";
  const others = labels.filter((each) => !NEGATIVE.test(each) && !POSITIVE.test(each));
  return `other-${Math.max(0, others.indexOf(label)) % 4}`;
}
