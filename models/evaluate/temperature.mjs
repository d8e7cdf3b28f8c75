// Scores at a temperature that was fitted without the scored text. Rows are `{ label, scores }`, as in measures.mjs.
const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([key, x]) => [key, change(x)]));

/** Logits, up to a constant that softmax ignores. */
export const logitsOf = (scores, temperature) => mapped(scores, (score) => Math.log(score) * temperature);

/** Probabilities by label. */
export function softmax(logits, temperature) {
  const most = Math.max(...Object.values(logits));
  const powers = mapped(logits, (x) => Math.exp((x - most) / temperature));
  const sum = Object.values(powers).reduce((sum, power) => sum + power, 0);
  return mapped(powers, (power) => power / sum);
}

/** Mean negative log-likelihood of the labels. */
export function loss(rows, temperature) {
  const of = ({ label, logits }) => -Math.log(softmax(logits, temperature)[label]);
  return rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
}

/** The temperature with the least loss, each set weighted equally, by ternary search: the loss has one minimum. */
export function bestTemperature(sets, low = 0.1, high = 10) {
  const total = (temperature) => sets.reduce((sum, rows) => sum + loss(rows, temperature), 0);
  while (high - low > 1e-5) {
    const [left, right] = [low + (high - low) / 3, high - (high - low) / 3];
    [low, high] = total(left) < total(right) ? [low, right] : [left, high];
  }
  return (low + high) / 2;
}

/** The two classes of a set without neutral texts, as in training. */
const polarOf = ({ label, logits: { negative, positive } }) => ({ label, logits: { negative, positive } });

/** The odd rows and the even rows. */
export const halvesOf = (rows) => [0, 1].map((half) => rows.filter((_, i) => i % 2 === half));

/**
 * All sets, rescored: each row at the temperature that fits the other half of all sets best. `shipped` is the temperature
 * of the given scores. A set is `{ rows, polar }`; `polar` sets have no neutral texts. The label with the highest score is
 * the same at every temperature.
 */
export function refitted(shipped, sets) {
  const withLogits = sets.map(({ rows, polar }) => ({
    polar,
    rows: rows.map((row) => ({ ...row, logits: logitsOf(row.scores, shipped) })),
  }));
  const halves = withLogits.map(({ rows, polar }) => halvesOf(polar ? rows.map(polarOf) : rows));
  const [odd, even] = [0, 1].map((half) => bestTemperature(halves.map((set) => set[half])));
  const rescored = ({ logits, ...row }, i) => ({ ...row, scores: softmax(logits, i % 2 === 0 ? even : odd) });
  return { temperatures: { odd, even }, sets: withLogits.map(({ rows }) => rows.map(rescored)) };
}
