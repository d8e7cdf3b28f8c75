// node --test models/evaluate
import assert from "node:assert/strict";
import { test } from "node:test";
import { LABELS, readProbes } from "./corpora.mjs";
import {
  calibrationError,
  calibrationErrorByChance,
  confusionOf,
  f1Of,
  groupCounts,
  measures,
  polarMeasures,
  reliability,
  riskCoverage,
  top,
} from "./measures.mjs";

const close = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
const row = (label, negative, neutral, positive) => ({ label, scores: { negative, neutral, positive } });

test("the label with the highest score, the first of equals", () => {
  assert.equal(top({ negative: 0.2, neutral: 0.5, positive: 0.3 }), "neutral");
  assert.equal(top({ negative: 0.4, neutral: 0.4, positive: 0.2 }), "negative");
});

test("a confusion matrix has the truth in rows and the guess in columns", () => {
  const confusion = confusionOf(
    ["a", "b"],
    ["a", "b", "c"],
    [
      ["a", "a"],
      ["a", "c"],
      ["b", "a"],
      ["a", "c"],
    ],
  );
  assert.deepEqual(confusion, { a: { a: 1, b: 0, c: 2 }, b: { a: 1, b: 0, c: 0 } });
});

test("F1, by hand", () => {
  // a: precision 3/4, recall 3/5; b: precision 2/4, recall 2/3; c: never right; d: never given.
  const zero = { a: 0, b: 0, c: 0, d: 0 };
  const f1 = f1Of({ a: { ...zero, a: 3, b: 2 }, b: { ...zero, a: 1, b: 2 }, c: zero, d: zero });
  close(f1.a, (2 * (3 / 4) * (3 / 5)) / (3 / 4 + 3 / 5));
  close(f1.b, (2 * (2 / 4) * (2 / 3)) / (2 / 4 + 2 / 3));
  assert.equal(f1.d, 0);
  assert.equal(f1Of({ a: { a: 0, b: 1 }, b: { a: 1, b: 0 } }).a, 0);
});

test("calibration error, by hand", () => {
  // Bin 9 of 10: scores 0.92 and 0.98, one right: |0.95 - 0.5|. Bin 5: 0.55, right: |0.55 - 1|. Weights 2/3 and 1/3.
  const answers = [
    { score: 0.92, right: true },
    { score: 0.98, right: false },
    { score: 0.55, right: true },
  ];
  close(calibrationError(answers, 10), (2 / 3) * 0.45 + (1 / 3) * 0.45);
  close(calibrationError([{ score: 1, right: true }]), 0);
  close(calibrationError([{ score: 1, right: false }]), 1);
});

test("a reliability diagram, by hand", () => {
  const answers = [
    { score: 0.9, right: true },
    { score: 0.5, right: false },
    { score: 0.8, right: false },
    { score: 1, right: true },
  ];
  const [low, high, ...others] = reliability(answers, 4);
  assert.equal(others.length, 0);
  assert.deepEqual(low, { from: 0.5, to: 0.75, texts: 1, score: 0.5, accuracy: 0 });
  assert.deepEqual([high.from, high.to, high.texts], [0.75, 1, 3]);
  close(high.score, 0.9);
  close(high.accuracy, 2 / 3);
  close(calibrationError(answers, 4), (1 / 4) * 0.5 + (3 / 4) * (0.9 - 2 / 3));
});

test("calibration error by chance: by hand, and of scores that are true probabilities", () => {
  // Variances 0.1 × 0.9 + 0.2 × 0.8 = 0.25 of the one bin and 0.25 of the other.
  const answers = [0.9, 0.8, 0.5].map((score) => ({ score }));
  close(calibrationErrorByChance(answers, 4), (2 * 0.5 * Math.sqrt(2 / Math.PI)) / 3);

  let seed = 1;
  const random = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const draws = Array.from({ length: 200 }, () => {
    const scores = Array.from({ length: 500 }, (_, i) => 0.4 + (0.6 * i) / 500);
    return scores.map((score) => ({ score, right: random() < score }));
  });
  const average = draws.reduce((sum, answers) => sum + calibrationError(answers), 0) / draws.length;
  assert.ok(Math.abs(average / calibrationErrorByChance(draws[0]) - 1) < 0.05, `${average}`);
});

test("coverage counts the answers that reach the threshold", () => {
  const answers = [
    { score: 0.9, right: true },
    { score: 0.7, right: true },
    { score: 0.6, right: false },
    { score: 0.4, right: false },
  ];
  assert.deepEqual(riskCoverage(answers, [0, 0.6, 0.7, 0.95]), [
    { threshold: 0, texts: 4, coverage: 1, correct: 2, accuracy: 0.5 },
    { threshold: 0.6, texts: 3, coverage: 0.75, correct: 2, accuracy: 2 / 3 },
    { threshold: 0.7, texts: 2, coverage: 0.5, correct: 2, accuracy: 1 },
    { threshold: 0.95, texts: 0, coverage: 0, correct: 0, accuracy: null },
  ]);
});

test("a bin includes its lower bound; only the last one includes its upper bound", () => {
  const apart = (one, other) => {
    const answers = [
      { score: one, right: true },
      { score: other, right: false },
    ];
    // Together their gaps cancel out: |one - 1 + other| / 2. Apart they do not: (1 - one + other) / 2.
    const error = calibrationError(answers, 4);
    const [together, alone] = [Math.abs(one - 1 + other) / 2, (1 - one + other) / 2];
    close(error, Math.abs(error - together) < Math.abs(error - alone) ? together : alone);
    return Math.abs(error - alone) < 1e-12;
  };
  assert.equal(apart(0.5, 0.74), false);
  assert.equal(apart(0.5, 0.75), true);
  assert.equal(apart(0.49, 0.5), true);
  assert.equal(apart(0.75, 1), false);
});

test("three labels", () => {
  const rows = [
    row("negative", 0.6, 0.3, 0.1),
    row("neutral", 0.1, 0.2, 0.7),
    row("positive", 0.1, 0.2, 0.7),
    row("neutral", 0.1, 0.8, 0.1),
  ];
  const found = measures(LABELS, rows);
  assert.deepEqual([found.texts, found.correct, found.accuracy], [4, 3, 0.75]);
  assert.equal(found.opposite, 0);
  assert.deepEqual(found.confusion.neutral, { negative: 0, neutral: 1, positive: 1 });
  close(found.f1.negative, 1);
  close(found.f1.neutral, 2 / 3);
  close(found.macro_f1, (1 + 2 / 3 + 2 / 3) / 3);
});

test("polar texts are judged by the polar scores alone", () => {
  const rows = [row("negative", 0.2, 0.7, 0.1), row("positive", 0.3, 0.6, 0.1), row("positive", 0.1, 0.1, 0.8)];
  const found = polarMeasures(LABELS, rows);
  assert.deepEqual([found.texts, found.correct, found.called_neutral, found.opposite], [3, 2, 2, 0]);
  assert.deepEqual(found.confusion, {
    negative: { negative: 0, neutral: 1, positive: 0 },
    positive: { negative: 0, neutral: 1, positive: 1 },
  });
  // Normalised scores 2/3 (right), 3/4 (wrong) and 8/9 (right), each in another bin.
  close(found.calibration_error, (1 / 3 + 3 / 4 + 1 / 9) / 3);
});

test("a threshold uses all three scores, so neutral is wrong for a polar text", () => {
  const rows = [row("negative", 0.25, 0.6, 0.15), row("positive", 0.1, 0.1, 0.8)];
  const { calibration_error, risk_coverage } = polarMeasures(LABELS, rows);
  const at = (wanted) => risk_coverage.find(({ threshold }) => threshold === wanted);
  assert.deepEqual(at(0.5), { threshold: 0.5, texts: 2, coverage: 1, correct: 1, accuracy: 0.5 });
  assert.deepEqual(at(0.7), { threshold: 0.7, texts: 1, coverage: 0.5, correct: 1, accuracy: 1 });
  // Calibration uses the normalised polar scores, 5/8 and 8/9, both right.
  close(calibration_error, (3 / 8 + 1 / 9) / 2);
});

test("rows are counted by group, with opposite answers", () => {
  const found = groupCounts([
    { group: "one", ...row("negative", 0.1, 0.2, 0.7) },
    { group: "one", ...row("negative", 0.1, 0.7, 0.2) },
    { group: "two", ...row("positive", 0.1, 0.2, 0.7) },
  ]);
  assert.deepEqual(found.groups, {
    one: { texts: 2, correct: 0, opposite: 1 },
    two: { texts: 1, correct: 1, opposite: 0 },
  });
  assert.deepEqual([found.texts, found.correct, found.opposite], [3, 1, 1]);
});

test("the probe set", async () => {
  const probes = await readProbes();
  const groups = [...new Set(probes.map(({ group }) => group))];
  assert.deepEqual(groups, [
    ...["negation", "contrast", "sarcasm", "questions", "facts"],
    ...["product reviews", "service reviews", "typos", "all caps", "emoji"],
  ]);
  for (const group of groups) {
    const texts = probes.filter((probe) => probe.group === group);
    assert.ok(texts.length >= 12, `${group} has ${texts.length} texts`);
    assert.ok(
      texts.every(({ hard }) => hard === (group === "sarcasm")),
      `hard in ${group}`,
    );
  }
  for (const { text, label } of probes) {
    assert.ok(LABELS.includes(label), `${text}: ${label}`);
    assert.equal(text, text.trim());
  }
  assert.equal(new Set(probes.map(({ text }) => text.toLowerCase())).size, probes.length, "a text is there twice");
});
