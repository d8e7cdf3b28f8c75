// Measures computed from rows of `{ label, scores }`: the human label, and the model's probability of each label.
import { halvesOf } from "./temperature.mjs";

/** The label with the highest score. */
export const top = (scores) =>
  Object.keys(scores).reduce((best, label) => (scores[label] > scores[best] ? label : best));

/** `confusion[row][column]`: the number of texts with the human label `row` and the model's label `column`. */
export function confusionOf(rows, columns, pairs) {
  const zeros = columns.map((column) => [column, 0]);
  const confusion = Object.fromEntries(rows.map((row) => [row, Object.fromEntries(zeros)]));
  for (const [row, column] of pairs) confusion[row][column]++;
  return confusion;
}

/** F1 of each label: the harmonic mean of precision and recall. 0 for a label that occurs nowhere. */
export function f1Of(confusion) {
  const labels = Object.keys(confusion);
  const given = (label) => labels.reduce((sum, other) => sum + confusion[label][other] + confusion[other][label], 0);
  return Object.fromEntries(labels.map((label) => [label, (2 * confusion[label][label]) / (given(label) || 1)]));
}

/** The score of each text's chosen label, and whether it is right. */
const answersOf = (rows) =>
  rows.map(({ label, scores }) => ({ score: scores[top(scores)], right: top(scores) === label }));

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The answers in bins of equal width by score: [0, 1/15), [1/15, 2/15) … [14/15, 1]. Empty bins are left out. */
function binned(answers, bins) {
  const all = Array.from({ length: bins }, (_, i) => ({ from: i / bins, to: (i + 1) / bins, members: [] }));
  for (const answer of answers) all[Math.min(Math.floor(answer.score * bins), bins - 1)].members.push(answer);
  return all.filter(({ members }) => members.length > 0);
}

/** The mean score and the accuracy of each bin. */
export const reliability = (answers, bins = 15) =>
  binned(answers, bins).map(({ members, ...bounds }) => ({
    ...bounds,
    texts: members.length,
    score: mean(members.map(({ score }) => score)),
    accuracy: mean(members.map(({ right }) => Number(right))),
  }));

/**
 * Expected calibration error (Naeini et al. 2015): the difference between mean score and accuracy of each bin, averaged
 * over the texts.
 */
export const calibrationError = (answers, bins = 15) =>
  reliability(answers, bins).reduce((sum, { texts, score, accuracy }) => sum + texts * Math.abs(score - accuracy), 0) /
  answers.length;

/**
 * The expected value of that error if every score is the true probability. The number of right answers in a bin then has
 * the variance Σ score (1 − score), and the mean absolute deviation of a normal variable is √(2/π) standard deviations.
 */
export const calibrationErrorByChance = (answers, bins = 15) =>
  binned(answers, bins).reduce((sum, { members }) => {
    const variance = members.reduce((sum, { score }) => sum + score * (1 - score), 0);
    return sum + Math.sqrt((2 / Math.PI) * variance);
  }, 0) / answers.length;

const THRESHOLDS = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

/** Per threshold: the answers whose score reaches it, and how many are right. `accuracy` is null if there are none. */
export const riskCoverage = (answers, thresholds = THRESHOLDS) =>
  thresholds.map((threshold) => {
    const given = answers.filter(({ score }) => score >= threshold);
    const correct = given.filter(({ right }) => right).length;
    const accuracy = given.length ? correct / given.length : null;
    return { threshold, texts: given.length, coverage: given.length / answers.length, correct, accuracy };
  });

const errorsOf = (answers) => ({
  calibration_error: calibrationError(answers),
  calibration_error_by_chance: calibrationErrorByChance(answers),
});

/** Calibration measured on `rows`; coverage by threshold on `thresholded`, whose scores may be others. */
function calibrationOf(rows, thresholded = rows) {
  const answers = answersOf(rows);
  const [odd, even] = halvesOf(answers).map((half) => ({ texts: half.length, ...errorsOf(half) }));
  return {
    ...errorsOf(answers),
    halves: { odd, even },
    reliability: reliability(answers),
    risk_coverage: riskCoverage(answersOf(thresholded)),
  };
}

function accuracyOf(rows) {
  const correct = answersOf(rows).filter(({ right }) => right).length;
  return { texts: rows.length, correct, accuracy: correct / rows.length };
}

/** The number of texts called positive for negative or negative for positive. */
const oppositeOf = ({ negative, positive }) => negative.positive + positive.negative;

const pairsOf = (rows) => rows.map(({ label, scores }) => [label, top(scores)]);

/**
 * Measures of texts that are negative or positive. The two polar scores are normalised to sum to 1, and the higher one
 * decides. `called_neutral` counts the texts whose highest score is neutral. Thresholds use all three scores.
 */
export function polarMeasures(labels, rows) {
  const polar = rows.map(({ label, scores: { negative, positive } }) => {
    const sum = negative + positive;
    return { label, scores: { negative: negative / sum, positive: positive / sum } };
  });
  const called_neutral = rows.filter(({ scores }) => top(scores) === "neutral").length;
  const confusion = confusionOf(["negative", "positive"], labels, pairsOf(rows));
  return {
    ...accuracyOf(polar),
    called_neutral,
    opposite: oppositeOf(confusion),
    confusion,
    ...calibrationOf(polar, rows),
  };
}

export function measures(labels, rows) {
  const confusion = confusionOf(labels, labels, pairsOf(rows));
  const f1 = f1Of(confusion);
  const macro_f1 = mean(Object.values(f1));
  return { ...accuracyOf(rows), opposite: oppositeOf(confusion), macro_f1, f1, confusion, ...calibrationOf(rows) };
}

/** The counts of all rows and, in `groups`, of each row's group. */
export function groupCounts(rows) {
  const zeros = () => ({ texts: 0, correct: 0, opposite: 0 });
  const total = zeros();
  const groups = {};
  for (const { group, label, scores } of rows) {
    groups[group] ??= zeros();
    const answer = top(scores);
    for (const counts of [total, groups[group]]) {
      counts.texts++;
      if (answer === label) counts.correct++;
      else if (![answer, label].includes("neutral")) counts.opposite++;
    }
  }
  return { ...total, groups };
}
