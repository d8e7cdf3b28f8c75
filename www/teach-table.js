// Examples from a table: rows that have labels already, or rows that the visitor labels here, with a key for each label.
import { $, announce, make, moveFocus } from "./dom.js";
import { onLanguage, showText, t } from "./language.js";
import { makeOpener } from "./rows.js";
import { addExample, addToCards, oneLine, readCards, removeExample } from "./teach-cards.js";

/** Maximum number of rows read: more examples hardly make a head better, and they make the page slow. */
const MAX_ROWS = 2000;
/** Usual names of a column of labels. */
const LABEL = /^(labels?|class|category|tag|target|标签|类别)$/i;
/** Number of labels that have a key, 1 to 9. */
const KEYS = 9;

let source; // the open table: what the opener resolved to
let sheet; // the rows to label: { texts, at, done: [{ name, text }] }

const opener = makeOpener((is) => {
  $("teach-opening").hidden = !is;
  if (is) announce(t("bulk.opening"));
});

/** Opens a table and asks for its columns. Rejects if it cannot be read or has no text: then the table before it stays open. */
export async function openTable(file) {
  const opened = await opener.open(file, file.name);
  if (!opened) return; // another table was chosen meanwhile, or the visitor has started over
  source?.worker.end();
  source = opened;
  const { kind, columns, header, rows } = source;
  const names = columns.map((column, i) => (kind === "jsonl" ? column : (header && rows[0][i]) || ""));
  const option = (name, i) => {
    const element = make("option", { value: String(i), textContent: name });
    if (!name) showText(element, "bulk.column-number", i + 1);
    return element;
  };
  $("teach-text-column").replaceChildren(...names.map(option));
  const none = make("option", { value: "" });
  showText(none, "teach.no-label");
  $("teach-label-column").replaceChildren(none, ...names.map(option));
  $("teach-text-column").value = String(columns.indexOf(source.column));
  const labels = names.findIndex((name) => LABEL.test(name));
  $("teach-label-column").value = labels < 0 ? "" : String(labels);
  $("teach-setup").hidden = false;
  moveFocus($("teach"), $("teach-setup").querySelector("[type=submit]"));
}

/** Closes the table, and drops the rows that are not labelled yet. */
export function closeTable() {
  opener.cancel();
  source?.worker.end();
  source = sheet = undefined;
  $("teach-setup").hidden = true;
  draw();
}

async function readColumn({ worker, columns, header }, i) {
  await worker.begin({ column: columns[i], header });
  const { texts } = await worker.next({ most: MAX_ROWS + 1 }); // the last one only tells that there are more
  return texts.map((text) => oneLine(String(text ?? "")));
}

/** The values of the chosen columns: of the texts, and of the labels if there is such a column. */
async function readColumns(table) {
  const { value } = $("teach-label-column");
  try {
    const texts = await readColumn(table, Number($("teach-text-column").value));
    return { texts, labels: value === "" ? undefined : await readColumn(table, Number(value)) };
  } finally {
    table.worker.end();
  }
}

/** Takes the rows of the open table. Resolves to the message that says what was taken, as the arguments of `showText`. */
export async function takeRows() {
  const table = source;
  source = undefined; // before the rows are read, so that a table that is opened meanwhile does not end their worker
  $("teach-setup").hidden = true;
  const all = await readColumns(table);
  const [texts, labels] = [all.texts, all.labels].map((column) => column?.slice(0, MAX_ROWS));
  const message = all.texts.length > MAX_ROWS ? ["teach.cut", MAX_ROWS] : [];
  if (!labels) {
    const filled = texts.filter(Boolean);
    if (filled.length === 0) throw new Error(t("bulk.none"));
    sheet = { texts: filled, at: 0, done: [] };
    draw();
    moveFocus($("teach"), $("teach-row"));
    return message;
  }
  const byLabel = new Map();
  for (const [i, label] of labels.entries()) {
    if (!label) continue;
    byLabel.set(label, [...(byLabel.get(label) ?? []), ...(texts[i] ? [texts[i]] : [])]);
  }
  addToCards(Array.from(byLabel, ([name, texts]) => ({ name, texts })));
  moveFocus($("teach"), $("teach-start"));
  return message;
}

const names = () => readCards().map(({ name }) => name);

/** Shows the row to label, and a button for each label. */
export function draw() {
  $("teach-rows").hidden = !sheet;
  if (!sheet) return;
  const { texts, at, done } = sheet;
  $("teach-row-number").textContent = t("teach.row", at + 1, texts.length);
  $("teach-row").textContent = texts[at];
  const buttons = names().map((name, i) => {
    const key = i < KEYS ? make("kbd", { textContent: String(i + 1) }) : "";
    return make("button", { type: "button", onclick: () => give(name) }, key, ` ${name}`);
  });
  $("teach-row-labels").replaceChildren(...(buttons.length > 1 ? buttons : [t("teach.need-names")]));
  $("teach-undo").disabled = done.length === 0;
  announce(`${$("teach-row-number").textContent}: ${texts[at]}`);
}

/** Labels the row and goes on to the next one; without a name, the row is skipped. */
function give(name) {
  const text = sheet.texts[sheet.at];
  sheet.done.push({ name, text });
  sheet.at++;
  if (name) addExample(name, text);
  if (sheet.at === sheet.texts.length) return finish();
  draw();
  $("teach-row").focus({ preventScroll: true });
}

function undo() {
  const last = sheet.done.pop();
  if (!last) return;
  sheet.at--;
  if (last.name) removeExample(last.name, last.text);
  draw();
  $("teach-row").focus({ preventScroll: true });
}

function finish() {
  sheet = undefined;
  draw();
  $("teach-start").focus({ preventScroll: true });
}

$("teach-rows").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("button")) return;
  const all = names();
  const name = all.length > 1 ? all[Number(event.key) - 1] : undefined;
  if (name) give(name);
  else if (event.key === " ") give();
  else if (event.key === "Backspace") undo();
  else return;
  event.preventDefault();
});
$("teach-skip").addEventListener("click", () => give());
$("teach-undo").addEventListener("click", undo);
$("teach-finish").addEventListener("click", finish);
onLanguage(draw);
