// Figures from rows of `{ label, scores }`: what a person says, and the probability of each label that the model gives.

/** The label with the highest score. */
export const top = (scores) =>
  Object.keys(scores).reduce((best, label) => (scores[label] > scores[best] ? label : best));

/** `confusion[row][column]`: how many texts that a person gave the one label got the other from the model. */
export function confusionOf(rows, columns, pairs) {
  const zeros = columns.map((column) => [column, 0]);
  const confusion = Object.fromEntries(rows.map((row) => [row, Object.fromEntries(zeros)]));
  for (const [row, column] of pairs) confusion[row][column]++;
  return confusion;
}

/** F1 of each label: the harmonic mean of precision and recall. 0 for a label that neither side ever gave. */
export function f1Of(confusion) {
  const labels = Object.keys(confusion);
  const given = (label) => labels.reduce((sum, other) => sum + confusion[label][other] + confusion[other][label], 0);
  return Object.fromEntries(labels.map((label) => [label, (2 * confusion[label][label]) / (given(label) || 1)]));
}

/**
 * Expected calibration error (Naeini et al. 2015): how far the score of the chosen label is from the share of right
 * answers, on average over texts, in bins of equal width [0, 1/15), [1/15, 2/15) … [14/15, 1].
 */
export function calibrationError(answers, bins = 15) {
  const gaps = new Array(bins).fill(0);
  for (const { score, right } of answers) gaps[Math.min(Math.floor(score * bins), bins - 1)] += score - right;
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / answers.length;
}

function answered(rows) {
  const answers = rows.map(({ label, scores }) => ({ score: scores[top(scores)], right: top(scores) === label }));
  const correct = answers.filter(({ right }) => right).length;
  return { texts: rows.length, correct, accuracy: correct / rows.length, calibration_error: calibrationError(answers) };
}

const pairsOf = (rows) => rows.map(({ label, scores }) => [label, top(scores)]);

/**
 * For texts that are negative or positive: the larger of the two scores decides, as shares of their sum. How often the
 * model would have said neutral is counted apart.
 */
export function polarMeasures(labels, rows) {
  const polar = rows.map(({ label, scores: { negative, positive } }) => {
    const sum = negative + positive;
    return { label, scores: { negative: negative / sum, positive: positive / sum } };
  });
  const called_neutral = rows.filter(({ scores }) => top(scores) === "neutral").length;
  const confusion = confusionOf(["negative", "positive"], labels, pairsOf(rows));
  return { ...answered(polar), called_neutral, confusion };
}

export function measures(labels, rows) {
  const confusion = confusionOf(labels, labels, pairsOf(rows));
  const f1 = f1Of(confusion);
  const macro_f1 = Object.values(f1).reduce((sum, value) => sum + value, 0) / labels.length;
  return { ...answered(rows), macro_f1, f1, confusion };
}

/** Rows also have `group` and `text`. `opposite` counts the worst answers: negative for positive or the reverse. */
export function probeMeasures(rows) {
  const total = { texts: 0, correct: 0, opposite: 0 };
  const groups = {};
  const failures = [];
  for (const { group, hard, text, label, scores } of rows) {
    groups[group] ??= { hard, texts: 0, correct: 0, opposite: 0 };
    const answer = top(scores);
    for (const counts of [total, groups[group]]) {
      counts.texts++;
      if (answer === label) counts.correct++;
      else if (![answer, label].includes("neutral")) counts.opposite++;
    }
    if (answer !== label) failures.push({ group, text, label, answer, score: scores[answer] });
  }
  return { ...total, groups, failures };
}
