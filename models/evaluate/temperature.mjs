// Scores at temperatures fitted without the text that they are of. Rows are `{ label, scores }`, as in measures.mjs.
const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([key, x]) => [key, change(x)]));

/** Logits but for a constant, which softmax ignores. */
export const logitsOf = (scores, temperature) => mapped(scores, (score) => Math.log(score) * temperature);

/** Probabilities by label. */
export function softmax(logits, temperature) {
  const most = Math.max(...Object.values(logits));
  const powers = mapped(logits, (x) => Math.exp((x - most) / temperature));
  const sum = Object.values(powers).reduce((sum, power) => sum + power, 0);
  return mapped(powers, (power) => power / sum);
}

/** Negative log-likelihood of the labels, the mean of all rows. */
export function loss(rows, temperature) {
  const of = ({ label, logits }) => -Math.log(softmax(logits, temperature)[label]);
  return rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
}

/** Ternary search, as in models/train/calibrate.py: the loss has one minimum. Each of the sets weighs the same. */
export function bestTemperature(sets, low = 0.1, high = 10) {
  const total = (temperature) => sets.reduce((sum, rows) => sum + loss(rows, temperature), 0);
  while (high - low > 1e-5) {
    const [left, right] = [low + (high - low) / 3, high - (high - low) / 3];
    [low, high] = total(left) < total(right) ? [low, right] : [left, high];
  }
  return (low + high) / 2;
}

/** SST-2 is about two classes, as in training. */
const polar = ({ label, logits: { negative, positive } }) => ({ label, logits: { negative, positive } });

/** Odd rows are one half, even rows the other. */
export const halvesOf = (rows) => [0, 1].map((half) => rows.filter((_, i) => i % 2 === half));

/**
 * Both sets with each row's scores at the temperature that fits the half best that the row is not in. `shipped` is the
 * temperature that the scores have; which label is on top is the same at any.
 */
export function refitted(shipped, films, comments) {
  const withLogits = (rows) => rows.map((row) => ({ ...row, logits: logitsOf(row.scores, shipped) }));
  const sets = [films, comments].map(withLogits);
  const [oddFilms, evenFilms] = halvesOf(sets[0].map(polar));
  const [oddComments, evenComments] = halvesOf(sets[1]);
  const odd = bestTemperature([oddFilms, oddComments]);
  const even = bestTemperature([evenFilms, evenComments]);
  const rescored = ({ logits, ...row }, i) => ({ ...row, scores: softmax(logits, i % 2 === 0 ? even : odd) });
  const [refittedFilms, refittedComments] = sets.map((rows) => rows.map(rescored));
  return { temperatures: { odd, even }, films: refittedFilms, comments: refittedComments };
}
