// Reads the rows of a file piece by piece in a worker: parses them, records the byte offset of each row, reads the text of
// single rows again, sorts, and writes the file with labels. A classic worker, because papaparse is not a module.
importScripts("papaparse.min.js");

/** Bytes per read. */
const PIECE = 1 << 18;
/** Bytes at the start of the file from which format, header and column are guessed. */
const HEAD = 1 << 16;
const PREVIEW = 5;
const BOM = [0xef, 0xbb, 0xbf];
/** Encoding of a text file that is neither UTF-8 nor UTF-16, by the interface's language. */
const LEGACY = { "zh-Hans": "gb18030", "en": "windows-1252" };
/** Label index of a row that failed, as in results.js. */
const FAILED = 0xfffe;
/** Usual names of columns: a first row with one of them is a heading. */
const NAMES =
  /^(id|number|texts?|labels?|class|category|tag|target|title|body|content|message|comment|review|文本|文字|内容|评论|标签|类别)$/i;

let blob; // the file in UTF-8
let start; // byte offset of the first row
let format; // { kind, delimiter, newline, lineEnd, columns, column, header }
let position; // byte offset up to which rows were read
let starts; // byte offset of each row read: a Float64Array, which grows
let count; // number of rows read
let widest; // cells of the longest row read
let keys; // all keys of the JSON lines read

const decode = (bytes) => new TextDecoder().decode(bytes);
const bytesIn = (text) => new TextEncoder().encode(text).length;

/** The file in UTF-8, and its original encoding if that was another. Only then is the file copied. */
async function asUtf8(file, language) {
  const head = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  const utf16 =
    head[0] === 0xff && head[1] === 0xfe ? "utf-16le" : head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : undefined;
  if (!utf16) {
    const strict = new TextDecoder("utf-8", { fatal: true });
    try {
      for await (const piece of pieces(file)) strict.decode(piece, { stream: true });
      strict.decode();
      return { blob: file };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the file cannot be read at all
    }
  }
  const encoding = utf16 ?? LEGACY[language];
  const decoder = new TextDecoder(encoding);
  const parts = [];
  for await (const piece of pieces(file)) parts.push(new Blob([decoder.decode(piece, { stream: true })]));
  return { blob: new Blob([...parts, decoder.decode()]), encoding };
}

async function* pieces(file) {
  for (let at = 0; at < file.size; at += PIECE * 4)
    yield new Uint8Array(await file.slice(at, at + PIECE * 4).arrayBuffer());
}

/** Converts a JSON array to one line of JSON for each element, which is an object or a text. */
async function asLines(file) {
  const rows = JSON.parse(await file.text());
  if (!Array.isArray(rows)) throw new Error("the JSON is not an array");
  return new Blob(rows.map((row) => `${JSON.stringify(typeof row === "string" ? { text: row } : row)}\n`));
}

const isBlank = (row) => row.length === 1 && row[0].trim() === "";
const isNumber = (value) => value.trim() !== "" && !Number.isNaN(Number(value));

/**
 * A table by its name, or by the start of the text: rows of equally many cells, which are separated by tabs or have a heading. So
 * sentences that happen to have a comma each are a list.
 */
function guessKind(name, head) {
  const lineEnd = head.includes("\n") || !head.includes("\r") ? "\n" : "\r";
  if (/^\s*\{/.test(head)) return { kind: "jsonl", lineEnd };
  const delimiter = /\.tsv$/i.test(name) ? "\t" : ""; // without one, Papa Parse guesses
  const { data, meta } = Papa.parse(head, { delimiter, preview: 20 });
  const rows = data.filter((row) => !isBlank(row)).slice(0, 19); // the 20th row may be incomplete
  const even = rows.length > 1 && rows[0].length > 1 && rows.every(({ length }) => length === rows[0].length);
  const isTable = even && (meta.delimiter === "\t" || hasNames(rows) || hasNumbers(rows));
  if (!/\.(csv|tsv)$/i.test(name) && !isTable) return { kind: "list", lineEnd };
  const newline = meta.linebreak;
  return { kind: "csv", delimiter: rows[0]?.length > 1 ? meta.delimiter : ",", newline, lineEnd: newline.at(-1) };
}

/** Whether the first row can be a heading: its cells are short and distinct, and no numbers. */
const isNamed = ([first]) =>
  first.every((cell) => cell.trim() && cell.length < 40 && !isNumber(cell)) && new Set(first).size === first.length;
const hasNames = (rows) => isNamed(rows) && rows[0].some((cell) => NAMES.test(cell.trim()));
/** Whether there is a column of numbers, below a first row that can be a heading. */
const hasNumbers = (rows) =>
  isNamed(rows) && rows[0].some((_, i) => rows.slice(1).every((row) => isNumber(row[i] ?? "")));

/** A heading is a first row with a usual name, or above numbers or longer cells. */
function guessHeader(rows) {
  if (rows.length < 2) return false;
  const [first, ...rest] = rows;
  const differs = (cell, i) => rest.every((row) => isNumber(row[i] ?? "") || (row[i] ?? "").length > cell.length);
  return hasNames(rows) || (isNamed(rows) && first.some(differs));
}

/** The column with the longest texts. */
function guessColumn(columns, rows, cellOf) {
  const length = (column) => rows.reduce((sum, row) => sum + String(cellOf(row, column) ?? "").length, 0);
  return columns.reduce((best, column) => (length(column) > length(best) ? column : best), columns[0]);
}

async function open({ file, name, language }) {
  const read = await asUtf8(file, language);
  blob = read.blob;
  const first = await blob.slice(0, 64).text();
  if (/^\s*\[\s*\{/.test(first) || (/\.json$/i.test(name) && /^\s*\[/.test(first))) blob = await asLines(blob);
  const begin = new Uint8Array(await blob.slice(0, 3).arrayBuffer());
  start = BOM.every((byte, i) => begin[i] === byte) ? 3 : 0;
  format = guessKind(name, decode(await blob.slice(start, start + HEAD).arrayBuffer()));
  rewind();
  const rows = [];
  while (rows.length < PREVIEW + 1) {
    const found = await readPiece(position, HEAD);
    if (!found) break;
    rows.push(...found.rows.map(({ fields }) => fields));
    position = found.end;
  }
  const head = rows.slice(0, PREVIEW + 1);
  const header = format.kind === "csv" && guessHeader(head);
  const columns = columnsOf(head);
  const column = guessColumn(columns, head.slice(header ? 1 : 0), fieldOf);
  Object.assign(format, { columns, column, header });
  return {
    ...format,
    size: file.size,
    encoding: read.encoding,
    rows: head.map((fields) => columns.map((each) => fieldOf(fields, each))),
  };
}

function columnsOf(rows) {
  if (format.kind === "list") return [0];
  if (format.kind === "csv")
    return Array.from({ length: Math.max(1, ...rows.map(({ length }) => length)) }, (_, i) => i);
  const keys = rows.flatMap((row) => Object.entries(row ?? {}).filter(([, value]) => typeof value === "string"));
  return [...new Set(keys.map(([key]) => key))];
}

const fieldOf = (fields, column) => (fields && Object.hasOwn(fields, column) ? fields[column] : undefined);

function rewind() {
  position = start;
  starts = new Float64Array(1024);
  count = 0;
  widest = 0;
  keys = new Set();
}

/** Parses rows, each with its length in characters. Unless `atEnd`, an incomplete last row is left out. */
function split(text, atEnd) {
  const rows = [];
  if (format.kind === "csv") {
    let from = 0;
    const { delimiter, newline } = format;
    Papa.parse(text, {
      delimiter,
      newline,
      step: ({ data, errors, meta }) => {
        const cut = !atEnd && errors.some(({ type }) => type === "Quotes") && meta.cursor >= text.length;
        if (!cut) rows.push({ fields: data, length: meta.cursor - from, blank: isBlank(data) });
        from = meta.cursor;
      },
    });
    return rows;
  }
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(format.lineEnd, from) + 1 || text.length;
    const line = text.slice(from, end).trim();
    rows.push({ fields: format.kind === "list" ? [line] : parseLine(line), length: end - from, blank: line === "" });
    from = end;
  }
  return rows;
}

function parseLine(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Reads about `size` bytes from the byte offset `from`: the rows that end in there, and the offset of the next row. */
async function readPiece(from, size = PIECE) {
  if (from >= blob.size) return undefined;
  const bytes = new Uint8Array(await blob.slice(from, from + size).arrayBuffer());
  const atEnd = from + bytes.length === blob.size;
  const whole = atEnd ? bytes : bytes.subarray(0, bytes.lastIndexOf(format.lineEnd.charCodeAt()) + 1);
  const text = decode(whole);
  const rows = split(text, atEnd);
  const plain = text.length === whole.length; // ASCII only: character offsets are byte offsets
  let character = 0;
  let byte = from;
  for (const row of rows) {
    row.begin = byte;
    byte += plain ? row.length : bytesIn(text.slice(character, character + row.length));
    character += row.length;
  }
  if (byte === from && !atEnd) return readPiece(from, size * 4); // a row longer than `size`
  return { rows: rows.filter(({ blank }) => !blank), end: atEnd ? blob.size : byte };
}

let waiting = []; // rows read from the file and not yet returned by `next`

async function begin({ column, header }) {
  Object.assign(format, { column, header });
  waiting = [];
  rewind();
}

/** The next texts: the values of the chosen column, of any type. */
async function next({ most }) {
  while (waiting.length < most) {
    const found = await readPiece(position);
    if (!found) break;
    const rows = position === start && format.header ? found.rows.slice(1) : found.rows;
    position = found.end;
    for (const each of rows) waiting.push(each); // not spread: the rows may be more than a call has arguments
  }
  const rows = waiting.slice(0, most);
  waiting = waiting.slice(most);
  if (count + rows.length > starts.length) {
    const more = new Float64Array(2 * (count + rows.length));
    more.set(starts);
    starts = more;
  }
  for (const { begin, fields } of rows) {
    starts[count++] = begin;
    if (format.kind === "csv") widest = Math.max(widest, fields.length);
    else if (format.kind === "jsonl") for (const key of Object.keys(fields ?? {})) keys.add(key);
  }
  const at = waiting[0]?.begin ?? position;
  return {
    texts: rows.map(({ fields }) => fieldOf(fields, format.column)),
    fraction: at / blob.size,
    done: rows.length < most,
  };
}

/** Reads the texts of some rows again. */
async function texts({ rows }) {
  return Promise.all(
    rows.map(async (row) => {
      const end = row + 1 < count ? starts[row + 1] : (waiting[0]?.begin ?? position);
      const text = decode(await blob.slice(starts[row], end).arrayBuffer());
      const [{ fields } = {}] = split(text, true).filter(({ blank }) => !blank);
      return String(fieldOf(fields, format.column) ?? "");
    }),
  );
}

/** Sorts row numbers by row, label or score. Rows that failed come last. */
async function order({ by, descending, labels, scores }) {
  const rows = Uint32Array.from(labels, (_, i) => i);
  const sign = descending ? -1 : 1;
  const failed = (row) => (labels[row] === FAILED ? 1 : 0);
  if (by === "row") return rows.sort((a, b) => sign * (a - b));
  const value = by === "score" ? scores : labels;
  return rows.sort((a, b) => failed(a) - failed(b) || sign * (value[a] - value[b]) || a - b);
}

/** The label of a row, or its labels where it can have several; its highest score; and all scores that are known. */
function resultOf({ names, labels, scores, width, given }, row) {
  const all = scores.subarray(row * width, (row + 1) * width);
  const best = all[labels[row]] ?? Math.max(...all); // a row can be without a label
  const several = given?.lists[given.of[row]];
  return {
    text: several?.join(";") ?? names[labels[row]] ?? "",
    label: names[labels[row]] ?? null,
    labels: several,
    score: width === 1 ? all[0] : best,
    all,
  };
}

const rounded = (score) => score.toFixed(4);

/**
 * The columns that are added for one task, with the scores of all labels: their names, and a function that returns a row's
 * cells.
 */
function columnsOfTask(result) {
  const cells = (row) => {
    const { text, score, all } = resultOf(result, row);
    return [text, rounded(score), ...Array.from(all, rounded)];
  };
  return [["label", "score", ...result.names.map((name) => `score_${name}`)], cells];
}

/** The same for several tasks: the columns are those of the command `litmus-text classify`. */
function columnsOfTasks(results) {
  const cells = (row) =>
    results.flatMap((result) => {
      const { text, score } = resultOf(result, row);
      return [text, rounded(score)];
    });
  return [results.flatMap(({ id }) => [id, `${id}_score`]), cells];
}

/** The keys that are added to a JSON line. */
function keysOf(results, row) {
  const keys = results.map((result) => {
    const { label, labels, score, all } = resultOf(result, row);
    const value = Number(rounded(score));
    if (results.length > 1) return { [result.id]: labels ?? label, [`${result.id}_score`]: value };
    const scores = Object.fromEntries(result.names.map((name, i) => [name, Number(rounded(all[i]))]));
    return { label, ...(labels && { labels }), score: value, scores };
  });
  return Object.assign({}, ...keys);
}

/** Names for what is added to a file that has the names `taken` already. */
function freeNames(names, taken) {
  const all = new Set(taken);
  return names.map((name) => {
    let free = name;
    while (all.has(free)) free = `litmus_${free}`;
    all.add(free);
    return free;
  });
}

/** Writes the file with the results added: as columns of a table, or as keys of JSON lines. */
async function save({ results, errors }) {
  return format.kind === "jsonl" ? saveLines(results, errors) : saveTable(results, errors);
}

/** Calls `write` with the rows that have a result, piece by piece. Resolves to what it returned as parts of a file. */
async function writeRows(total, write) {
  const parts = [];
  let row = 0;
  for (let at = start; row < total; ) {
    const piece = await readPiece(at);
    if (!piece) break;
    const rows = at === start && format.header ? piece.rows.slice(1) : piece.rows;
    const lines = rows.slice(0, total - row).map(({ fields }) => write(fields, row++));
    parts.push(new Blob(lines)); // a Blob's content need not stay in the JavaScript heap
    at = piece.end;
  }
  return parts;
}

async function saveLines(results, errors) {
  const names =
    results.length > 1 ? results.flatMap(({ id }) => [id, `${id}_score`]) : ["label", "labels", "score", "scores"];
  const added = [...names, "error"];
  const free = freeNames(added, keys);
  const rename = ([key, value]) => [free[added.indexOf(key)], value];
  const parts = await writeRows(results[0].labels.length, (fields, row) => {
    const more = errors[row] ? { error: errors[row] } : keysOf(results, row);
    return `${JSON.stringify({ ...fields, ...Object.fromEntries(Object.entries(more).map(rename)) })}\n`;
  });
  return new Blob(parts, { type: "application/jsonl" });
}

async function saveTable(results, errors) {
  const { kind, delimiter = ",", newline = "\n", header } = format;
  const [names, cellsOf] = results.length > 1 ? columnsOfTasks(results) : columnsOfTask(results[0]);
  const line = (cells) => Papa.unparse([cells], { delimiter, newline }) + newline;
  const given = header ? (await readPiece(start)).rows[0].fields : kind === "list" ? ["text"] : [];
  // A row may have more cells than the heading: all rows are made as long, so that what is added stands in its columns.
  const width = Math.max(widest, given.length);
  const filled = (cells, empty) => Array.from({ length: width }, (_, i) => cells[i] ?? empty(i));
  const heading = filled(given, (i) => `column_${i + 1}`);
  const parts = await writeRows(results[0].labels.length, (fields, row) => {
    const result = errors[row] ? names.map(() => "") : cellsOf(row);
    return line([...filled(fields, () => ""), ...result, errors[row] ?? ""]);
  });
  const mark = kind === "csv" && start > 0 ? "\ufeff" : "";
  const first = `${mark}${line([...heading, ...freeNames([...names, "error"], heading)])}`;
  return new Blob([first, ...parts], { type: "text/csv" });
}

const calls = { open, begin, next, texts, order, save };
let last = Promise.resolve();

// One call at a time, because they share the state above.
self.onmessage = ({ data: { id, call, argument } }) => {
  last = last.then(async () => {
    try {
      self.postMessage({ id, result: await calls[call](argument) });
    } catch (error) {
      self.postMessage({ id, error: error.message });
    }
  });
};
