// What was found out about each row of a table, in a few bytes a row.

/** A row without a label. */
export const FAILED = 0xffff;
const BINS = 20;

const grown = (array, length) => {
  const more = new array.constructor(length);
  more.set(array);
  return more;
};

export class Results {
  #labels = new Uint16Array(1024);
  #scores;
  /** The code of each row that failed. */
  #errors = new Map();

  /** `names` are the model's labels. */
  constructor(names) {
    this.names = names;
    this.count = 0;
    /** Rows by label, and by score of the likeliest label. */
    this.shares = new Uint32Array(names.length);
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
    this.#labels[row] = label;
    for (const each of prediction.scores) this.#scores[row * this.names.length + this.names.indexOf(each.label)] = each.score;
    this.shares[label]++;
    this.bins[Math.min(BINS - 1, Math.floor(prediction.score * BINS))]++;
  }

  /** `{ label, score }` of a row, or `{ error }`. */
  row(row) {
    const label = this.#labels[row];
    if (label === FAILED) return { error: this.#errors.get(row) };
    return { label: this.names[label], score: this.#scores[row * this.names.length + label] };
  }

  /** Copies, which can be sent to a worker. */
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
