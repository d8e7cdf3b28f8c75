// The results of all rows, in a few bytes per row: a label index, a score for each label, and the error codes.

/** Label index of a row that failed. */
const FAILED = 0xfffe;
const BINS = 20;

const grown = (array, length) => {
  const more = new array.constructor(length);
  more.set(array);
  return more;
};

export class Results {
  #labels = new Uint16Array(1024);
  #scores;
  /** Error codes by row number. */
  #errors = new Map();

  /** `info`: that of the classifier. */
  constructor(info) {
    const names = info.labels;
    this.info = info;
    this.names = names;
    this.count = 0;
    /** Number of rows per label (`counts`), and per range of the highest score (`bins`). */
    this.counts = new Uint32Array(names.length);
    this.bins = new Uint32Array(BINS);
    this.#scores = new Float32Array(1024 * names.length);
  }

  get failed() {
    return this.#errors.size;
  }

  add({ prediction, error }) {
    const row = this.count++;
    if (row === this.#labels.length) {
      this.#labels = grown(this.#labels, 2 * row);
      this.#scores = grown(this.#scores, 2 * row * this.names.length);
    }
    if (error) {
      this.#labels[row] = FAILED;
      this.#errors.set(row, error.code);
      return;
    }
    const label = this.names.indexOf(prediction.label);
    this.#labels[row] = label; // -1 becomes 0xffff: none of several labels was likely enough
    for (const each of prediction.scores)
      this.#scores[row * this.names.length + this.names.indexOf(each.label)] = each.score;
    this.counts[label]++; // an index of -1 has no effect
    this.bins[Math.min(BINS - 1, Math.floor(prediction.score * BINS))]++;
  }

  /** The result of a row: `{ label, score }`, or `{ error }`. */
  row(row) {
    const label = this.#labels[row];
    if (label === FAILED) return { error: this.#errors.get(row) };
    const scores = this.#scores.subarray(row * this.names.length, (row + 1) * this.names.length);
    return { label: this.names[label] ?? null, score: scores[label] ?? Math.max(...scores) };
  }

  /** Copies of the arrays, cut to the number of rows. They can be sent to a worker. */
  get labels() {
    return this.#labels.slice(0, this.count);
  }
  get scores() {
    return this.#scores.slice(0, this.count * this.names.length);
  }
  get topScores() {
    return Float32Array.from({ length: this.count }, (_, row) => this.row(row).score ?? 0);
  }
  get errors() {
    return Object.fromEntries(this.#errors);
  }
}
