// node --test models/evaluate
import assert from "node:assert/strict";
import { test } from "node:test";
import { LABELS } from "./corpora.mjs";
import { measures, polarMeasures } from "./measures.mjs";
import { bestTemperature, halvesOf, logitsOf, loss, refitted, softmax } from "./temperature.mjs";

const close = (actual, expected, by = 1e-12) =>
  assert.ok(Math.abs(actual - expected) < by, `${actual} is not ${expected}`);

/** Rows with the same logits, of which as many have each label as `counts` says: it is the true distribution. */
function rowsOf(counts, temperature) {
  const logits = Object.fromEntries(Object.entries(counts).map(([label, n]) => [label, temperature * Math.log(n)]));
  return Object.entries(counts).flatMap(([label, n]) => Array.from({ length: n }, () => ({ label, logits })));
}

test("scores at another temperature, computed from logits up to a constant", () => {
  const logits = { negative: 3, neutral: -1, positive: 0.5 };
  const again = softmax(logitsOf(softmax(logits, 1.3), 1.3), 0.7);
  for (const label of LABELS) close(again[label], softmax(logits, 0.7)[label]);
  close(softmax({ a: Math.log(9), b: 0 }, 2).a, 3 / 4);
  assert.deepEqual(softmax({ a: 2000, b: -Infinity }, 1), { a: 1, b: 0 });
});

test("the loss, by hand", () => {
  const rows = ["a", "b"].map((label) => ({ label, logits: { a: Math.log(9), b: 0 } }));
  close(loss(rows, 1), -(Math.log(0.9) + Math.log(0.1)) / 2);
  close(loss(rows, 2), -(Math.log(0.75) + Math.log(0.25)) / 2);
});

test("the fit finds the temperature of the logits", () => {
  for (const temperature of [0.25, 1, 1.2981, 4]) {
    const three = [...rowsOf({ a: 1, b: 2, c: 5 }, temperature), ...rowsOf({ a: 7, b: 4, c: 1 }, temperature)];
    close(bestTemperature([three]), temperature, 1e-4);
    close(bestTemperature([three, rowsOf({ a: 3, b: 1 }, temperature)]), temperature, 1e-4);
  }
});

test("the fit weighs each set equally, whatever its size", () => {
  const [sharp, flat] = [rowsOf({ a: 3, b: 1 }, 1), rowsOf({ a: 3, b: 1 }, 2)];
  const both = bestTemperature([sharp, flat]);
  assert.ok(both > 1.1 && both < 1.9, `${both}`);
  close(bestTemperature([sharp, [...flat, ...flat, ...flat]]), both, 1e-4);
});

/** a, b, a, b …: the odd rows are those of the one list, the even ones those of the other. */
const mixed = (odd, even) => odd.flatMap((row, i) => [row, even[i]]);

test("each half is measured with the temperature of the other, and all rows count", () => {
  const shipped = 3;
  const sets = ["films", "comments"].map((set) => {
    const rows = mixed(rowsOf({ negative: 3, positive: 1 }, 2), rowsOf({ negative: 1, positive: 3 }, 0.5));
    // SST-2 is fitted on the polar classes alone.
    const neutral = set === "films" ? 0.4 : -Infinity;
    const scored = rows.map(({ label, logits }) => ({ label, scores: softmax({ ...logits, neutral }, shipped), set }));
    return { rows: scored, polar: set === "films" };
  });
  const {
    temperatures,
    sets: [films, comments],
  } = refitted(shipped, sets);
  close(temperatures.odd, 2, 1e-4);
  close(temperatures.even, 0.5, 1e-4);

  // Logits 2 ln 3 apart at 0.5 are odds of 3⁴, logits ½ ln 3 apart at 2 are odds of 3^¼. Of both, 3 of 4 are right.
  const [oddScore, evenScore] = [81 / 82, 3 ** 0.25 / (1 + 3 ** 0.25)];
  const found = measures(LABELS, comments);
  assert.deepEqual([found.texts, found.correct], [8, 6]);
  assert.deepEqual(
    found.reliability.map(({ texts }) => texts),
    [4, 4],
  );
  close(found.reliability[0].score, evenScore, 1e-4);
  close(found.reliability[1].score, oddScore, 1e-4);
  close(found.calibration_error, (oddScore - 3 / 4 + 3 / 4 - evenScore) / 2, 1e-4);
  assert.deepEqual([found.halves.odd.texts, found.halves.even.texts], [4, 4]);
  close(found.halves.odd.calibration_error, oddScore - 3 / 4, 1e-4);
  close(found.halves.even.calibration_error, 3 / 4 - evenScore, 1e-4);
  const at = (threshold) => found.risk_coverage.find((each) => each.threshold === threshold);
  assert.deepEqual(at(0.6), { threshold: 0.6, texts: 4, coverage: 0.5, correct: 3, accuracy: 0.75 });

  close(polarMeasures(LABELS, films).calibration_error, found.calibration_error, 1e-4);
  assert.equal(films[0].set, "films");
});

test("halves in the order of the file", () => {
  assert.deepEqual(halvesOf(["first", "second", "third"]), [["first", "third"], ["second"]]);
});
