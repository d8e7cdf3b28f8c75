// The table of labelled rows. Only the visible rows are in the document, however many rows there are.
import { $, make } from "./dom.js";
import { nameOf, scoreText, toneOf } from "./labels.js";
import { count, has, onLanguage, t } from "./language.js";
import { textLanguage } from "./packaged.js";
import { taskName } from "./task.js";

/** Rows rendered above and below the visible ones, so that scrolling shows no gaps. */
const MARGIN = 6;
/** Minimum milliseconds between two sorts while rows are still being labelled. */
const SORT_MS = 1500;
/** Maximum number of texts kept in memory. */
const CACHED_TEXTS = 1000;
/** Whether the first click on a column sorts in descending order. */
const DESCENDING = { row: false, label: false, score: true };

const scroller = $("bulk-table");
const above = make("tr", { ariaHidden: "true" });
const below = make("tr", { ariaHidden: "true" });
const body = make("tbody");
const heading = make("tr");
const table = make("table", {}, make("thead", {}, heading), body);

let shown; // { rows, results, heads, by, task, descending, order, texts by row, lines in the document, sortedAt }
let frame = 0;

/**
 * The columns: of one task its label and its score, of several tasks one for each. `by` is what a column sorts by, `task`
 * the index of its task.
 */
function headsOf({ columns }) {
  const ofTasks =
    columns.length > 1
      ? columns.map(({ id }, task) => ({ by: "label", task, name: () => taskName(id) }))
      : ["label", "score"].map((by) => ({ by, task: 0, name: () => t(`bulk.${by}`) }));
  const heads = [{ by: "row", name: () => t("bulk.row") }, { name: () => t("bulk.text") }, ...ofTasks];
  return heads.map((head) => {
    const cell = make("th", { scope: "col", className: head.by ?? "text" });
    if (head.by) cell.append(make("button", { type: "button", onclick: () => sortBy(head) }));
    return { ...head, cell };
  });
}

/** Shows the table of `results`, to which rows are added while it is shown; `rows` provides their texts. */
export function showTable(rows, results) {
  shown = { rows, results, heads: headsOf(results), by: "row", descending: false, texts: new Map(), sortedAt: 0 };
  clearLines();
  heading.replaceChildren(...shown.heads.map(({ cell }) => cell));
  scroller.dataset.tasks = results.columns.length;
  showHeading();
  scroller.scrollTop = 0;
  draw();
}

/** Updates the table after rows were added; `finished`: no more rows follow. */
export function tableHasGrown(finished) {
  if (shown.by === "row" && !shown.descending) draw();
  else if (finished || performance.now() - shown.sortedAt > SORT_MS) void sort();
}

function showHeading() {
  for (const { by, task, name, cell } of shown.heads) {
    (cell.firstElementChild ?? cell).textContent = name();
    if (!by) continue;
    const sorts = by === shown.by && task === shown.task;
    cell.ariaSort = sorts ? (shown.descending ? "descending" : "ascending") : "none";
  }
}

async function sortBy({ by, task }) {
  shown.descending = by === shown.by && task === shown.task ? !shown.descending : DESCENDING[by];
  Object.assign(shown, { by, task });
  showHeading();
  await sort();
  scroller.scrollTop = 0;
}

/** Sorts the rows that are labelled so far. Rows added later are appended until the next sort. */
async function sort() {
  const mine = shown;
  const { rows, results, by, task, descending } = mine;
  mine.sortedAt = performance.now();
  const { labels, topScores: scores } = results.columns[task ?? 0];
  const asks = { by, descending, labels, scores };
  const order = by === "row" && !descending ? undefined : await rows.order(asks);
  if (mine.by !== by || mine.task !== task || mine.descending !== descending) return; // the visitor has chosen another order meanwhile
  mine.order = order;
  draw();
}

function makeLine(index, row) {
  const { results, texts } = shown;
  const text = texts.get(row) ?? "";
  const line = make(
    "tr",
    { ariaRowIndex: String(index + 2), className: index % 2 ? "odd" : "" },
    make("td", { className: "row", textContent: count(row + 1) }),
    make("td", { className: "text", lang: textLanguage(), textContent: text, title: text }),
    ...cellsOf(results, row),
  );
  line.dataset.row = row;
  return line;
}

/** The cells of a row's results: a label and a score; of several tasks both in one cell. */
function cellsOf(results, row) {
  const { columns } = results;
  const { cells, error } = results.row(row);
  return columns.flatMap(({ names, info }, i) => {
    const tag = make("span", { className: "tag" });
    const { label, score } = cells?.[i] ?? {};
    if (error) tag.textContent = has(`bulk.error.${error}`) ? t(`bulk.error.${error}`) : error;
    else {
      tag.textContent = nameOf(label);
      if (label !== null) tag.dataset.tone = toneOf(label, names);
    }
    const value = error ? "" : scoreText(score, info);
    if (columns.length === 1)
      return [make("td", { className: "label" }, tag), make("td", { className: "score", textContent: value })];
    return [make("td", { className: "label" }, tag, make("small", { textContent: label === null ? "" : value }))];
  });
}

function draw() {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => {
    const { results, order } = shown;
    const height = rowHeight();
    const first = Math.max(0, Math.min(results.count, Math.floor(scroller.scrollTop / height)) - MARGIN);
    const last = Math.min(results.count, Math.ceil((scroller.scrollTop + scroller.clientHeight) / height) + MARGIN);
    const inView = Array.from({ length: last - first }, (_, i) => order?.[first + i] ?? first + i);
    table.ariaRowCount = String(results.count + 1);
    above.style.height = `${first * height}px`;
    below.style.height = `${(results.count - last) * height}px`;
    showLines(inView, first);
    if (!table.isConnected) scroller.replaceChildren(table);
    void showTexts(inView);
  });
}

/** Puts the rows in view into the document. Rows that are there already stay, with what the visitor has selected in them. */
function showLines(inView, first) {
  const before = shown.lines;
  const entries = inView.map((row, i) => {
    const key = `${first + i} ${row}`;
    return [key, before.get(key) ?? makeLine(first + i, row)];
  });
  shown.lines = new Map(entries);
  for (const [key, line] of before) if (!shown.lines.has(key)) line.remove();
  let next = below;
  for (const [, line] of entries.reverse()) {
    if (line.nextElementSibling !== next) next.before(line);
    next = line;
  }
}

/** Removes all rows from the document. */
function clearLines() {
  shown.lines = new Map();
  body.replaceChildren(above, below);
}

/** Row height in pixels; the stylesheet gives it in rem. */
function rowHeight() {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Number.parseFloat(getComputedStyle(scroller).getPropertyValue("--row")) * rem;
}

async function showTexts(inView) {
  const { rows, texts } = shown;
  if (texts.size > CACHED_TEXTS) texts.clear();
  const missing = inView.filter((row) => !texts.has(row));
  if (missing.length === 0) return;
  const found = await rows.texts({ rows: missing });
  if (texts !== shown.texts) return; // another table is shown by now
  for (const [i, text] of found.entries()) texts.set(missing[i], text);
  for (const line of body.querySelectorAll("[data-row]")) {
    const text = texts.get(Number(line.dataset.row));
    if (text && line.children[1].textContent !== text)
      Object.assign(line.children[1], { textContent: text, title: text });
  }
}

scroller.addEventListener("scroll", () => shown && draw());
new ResizeObserver(() => shown && draw()).observe(scroller);
onLanguage(() => {
  if (!shown) return;
  showHeading();
  clearLines();
  draw();
});
