// The table of labelled rows. Only the visible rows are in the document, however many rows there are.
import { $, make } from "./dom.js";
import { nameOf, scoreText, toneOf } from "./labels.js";
import { count, has, onLanguage, t } from "./language.js";

/** Rows rendered above and below the visible ones, so that scrolling shows no gaps. */
const MARGIN = 6;
/** Minimum milliseconds between two sorts while rows are still being labelled. */
const SORT_MS = 1500;
/** Maximum number of texts kept in memory. */
const CACHED_TEXTS = 1000;
/** Sortable columns, and whether the first click sorts in descending order. */
const DESCENDING = { row: false, label: false, score: true };

const scroller = $("bulk-table");
const above = make("tr", { ariaHidden: "true" });
const below = make("tr", { ariaHidden: "true" });
const body = make("tbody");
const heads = Object.fromEntries(["row", "text", "label", "score"].map((column) => [column, head(column)]));
const table = make("table", {}, make("thead", {}, make("tr", {}, ...Object.values(heads))), body);

let shown; // { rows, results, by, descending, order, texts, sortedAt }
let frame = 0;

function head(column) {
  const cell = make("th", { scope: "col", className: column });
  if (column in DESCENDING) cell.append(make("button", { type: "button", onclick: () => sortBy(column) }));
  return cell;
}

/** Shows the table of `results`, to which rows are added while it is shown; `rows` provides their texts. */
export function showTable(rows, results) {
  shown = { rows, results, by: "row", descending: false, texts: new Map(), sortedAt: 0 };
  name();
  scroller.scrollTop = 0;
  draw();
}

/** Updates the table after rows were added; `finished`: no more rows follow. */
export function tableHasGrown(finished) {
  if (shown.by === "row" && !shown.descending) draw();
  else if (finished || performance.now() - shown.sortedAt > SORT_MS) void sort();
}

function name() {
  for (const [column, cell] of Object.entries(heads)) {
    (cell.firstElementChild ?? cell).textContent = t(`bulk.${column}`);
    if (column in DESCENDING)
      cell.ariaSort = column !== shown.by ? "none" : shown.descending ? "descending" : "ascending";
  }
}

async function sortBy(column) {
  shown.descending = column === shown.by ? !shown.descending : DESCENDING[column];
  shown.by = column;
  name();
  await sort();
  scroller.scrollTop = 0;
}

/** Sorts the rows that are labelled so far. Rows added later are appended until the next sort. */
async function sort() {
  const mine = shown;
  const { rows, results, by, descending } = mine;
  mine.sortedAt = performance.now();
  const asks = { by, descending, labels: results.labels, scores: results.topScores };
  const order = by === "row" && !descending ? undefined : await rows.order(asks);
  if (mine.by !== by || mine.descending !== descending) return; // the visitor has chosen another order meanwhile
  mine.order = order;
  draw();
}

function line(index, row) {
  const { results, texts } = shown;
  const { label, score, error } = results.row(row);
  const mark = make("span", { className: "tag" });
  if (error) mark.textContent = has(`bulk.error.${error}`) ? t(`bulk.error.${error}`) : error;
  else {
    mark.textContent = nameOf(label);
    mark.dataset.tone = toneOf(label, results.names);
  }
  const text = texts.get(row) ?? "";
  const line = make(
    "tr",
    { ariaRowIndex: String(index + 2) },
    make("td", { className: "row", textContent: count(row + 1) }),
    make("td", { className: "text", textContent: text, title: text }),
    make("td", { className: "label" }, mark),
    make("td", { className: "score", textContent: error ? "" : scoreText(score, results.info) }),
  );
  line.dataset.row = row;
  return line;
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
    body.replaceChildren(above, ...inView.map((row, i) => line(first + i, row)), below);
    if (!table.isConnected) scroller.replaceChildren(table);
    void fill(inView);
  });
}

/** Row height in pixels; the stylesheet gives it in rem. */
function rowHeight() {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Number.parseFloat(getComputedStyle(scroller).getPropertyValue("--row")) * rem;
}

async function fill(inView) {
  const { rows, texts } = shown;
  const missing = inView.filter((row) => !texts.has(row));
  if (missing.length === 0) return;
  if (texts.size > CACHED_TEXTS) texts.clear();
  const found = await rows.texts({ rows: missing });
  for (const [i, text] of found.entries()) texts.set(missing[i], text);
  for (const line of body.querySelectorAll("[data-row]")) {
    const text = texts.get(Number(line.dataset.row)) ?? "";
    Object.assign(line.children[1], { textContent: text, title: text });
  }
}

scroller.addEventListener("scroll", () => shown && draw());
new ResizeObserver(() => shown && draw()).observe(scroller);
onLanguage(() => {
  if (!shown) return;
  name();
  draw();
});
