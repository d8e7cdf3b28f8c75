// The results of all rows, in a few bytes per row: for each task a label index and the scores, and the error codes.

/** Label index of a row that failed. */
const FAILED = 0xfffe;
const BINS = 20;

const grown = (array, length) => {
  const more = new array.constructor(length);
  more.set(array);
  return more;
};

/** The results of one task. */
class Column {
  #labels = new Uint16Array(1024);
  #scores;
  /** Of tasks with several labels per text: the index of the row's labels in `#lists`. */
  #given;
  #lists = new Map();

  /** `whole`: the scores of all labels are kept, not only the highest. */
  constructor({ id, info }, whole) {
    this.id = id;
    this.info = info;
    this.names = info.labels;
    /** Scores per row. */
    this.width = whole ? this.names.length : 1;
    this.count = 0;
    /** Number of rows per label (`counts`), and per range of the highest score (`bins`). */
    this.counts = new Uint32Array(this.names.length);
    this.bins = new Uint32Array(BINS);
    this.#scores = new Float32Array(1024 * this.width);
  }

  /** Adds the prediction of a row; without one, the row has failed. */
  add(prediction) {
    const row = this.count++;
    if (row === this.#labels.length) {
      this.#labels = grown(this.#labels, 2 * row);
      this.#scores = grown(this.#scores, 2 * row * this.width);
      if (this.#given) this.#given = grown(this.#given, 2 * row);
    }
    if (!prediction) {
      this.#labels[row] = FAILED;
      return;
    }
    const { label, labels, score, scores } = prediction;
    const index = this.names.indexOf(label);
    this.#labels[row] = index; // -1 becomes 0xffff: none of several labels was likely enough
    if (this.width === 1) this.#scores[row] = score;
    else for (const each of scores) this.#scores[row * this.width + this.names.indexOf(each.label)] = each.score;
    if (labels) this.#give(row, labels);
    for (const each of labels ?? [label]) this.counts[this.names.indexOf(each)]++; // an index of -1 has no effect
    this.bins[Math.min(BINS - 1, Math.floor(score * BINS))]++;
  }

  #give(row, labels) {
    const key = labels.join("\n");
    if (!this.#lists.has(key)) this.#lists.set(key, { index: this.#lists.size, labels });
    this.#given ??= new Uint32Array(this.#labels.length);
    this.#given[row] = this.#lists.get(key).index;
  }

  /** The result of a row that has not failed. `label` is the first where a text can have several. */
  row(row) {
    const label = this.#labels[row];
    const scores = this.#scores.subarray(row * this.width, (row + 1) * this.width);
    const score = this.width === 1 ? scores[0] : (scores[label] ?? Math.max(...scores));
    return { label: this.names[label] ?? null, score };
  }

  /** Copies of the arrays, cut to the number of rows. They can be sent to a worker. */
  get labels() {
    return this.#labels.slice(0, this.count);
  }
  get topScores() {
    return Float32Array.from({ length: this.count }, (_, row) =>
      this.#labels[row] === FAILED ? 0 : this.row(row).score,
    );
  }
  /** What the file is written from. */
  get toSave() {
    const { id, names, width, labels, count } = this;
    const scores = this.#scores.slice(0, count * width);
    const given = this.#given && {
      of: this.#given.slice(0, count),
      lists: Array.from(this.#lists.values(), ({ labels }) => labels),
    };
    return { id, names: [...names], width, labels, scores, given };
  }
}

export class Results {
  /** Error codes by row number. */
  #errors = new Map();

  /** `tasks`: the `id` and `info` of each task. */
  constructor(tasks) {
    this.columns = tasks.map((task) => new Column(task, tasks.length === 1));
  }

  get count() {
    return this.columns[0].count;
  }
  get failed() {
    return this.#errors.size;
  }

  /** Adds an item of `classifier.stream`. */
  add({ prediction, predictions, error }) {
    if (error) this.#errors.set(this.count, error.code);
    for (const column of this.columns) column.add(error ? undefined : (prediction ?? predictions[column.id]));
  }

  /** The result of a row: `{ cells }`, one for each task, or `{ error }`. */
  row(row) {
    if (this.#errors.has(row)) return { error: this.#errors.get(row) };
    return { cells: this.columns.map((column) => column.row(row)) };
  }

  get errors() {
    return Object.fromEntries(this.#errors);
  }
}
