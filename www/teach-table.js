// Examples from a table: rows that have labels already, or rows that the visitor labels here, with a key for each label.
import { $, make } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { startRows } from "./rows.js";
import { addExample, addToCards, oneLine, readCards, removeExample } from "./teach-cards.js";

/** Rows that are read at most: more examples make a head hardly better, and the page slow. */
const MAX_ROWS = 2000;
/** Names of columns that have labels. */
const LABEL = /^(labels?|class|category|tag|target|标签|类别)$/i;
/** Labels that have a key: 1 to 9. */
const KEYS = 9;

let source; // the open table: { rows, columns, header, ... } of rows-worker.js, and its `worker`
let sheet; // the rows to label: { texts, at, done: [{ name, text }] }

/** Opens a table and asks for its columns. Rejects if it cannot be read or has no text. */
export async function openTable(file) {
  source?.worker.end();
  const worker = startRows();
  source = { worker, ...(await worker.open({ file, name: file.name, language: document.documentElement.lang })) };
  if (source.rows.length === 0 || source.columns.length === 0) throw new Error(t("bulk.none"));
  const { kind, columns, header, rows } = source;
  const names = columns.map((column, i) => (kind === "jsonl" ? column : (header && rows[0][i]) || ""));
  const option = (name, i) => make("option", { value: String(i), textContent: name || t("bulk.column-number", i + 1) });
  $("teach-text-column").replaceChildren(...names.map(option));
  const none = make("option", { value: "", textContent: t("teach.no-label") });
  $("teach-label-column").replaceChildren(none, ...names.map(option));
  $("teach-text-column").value = String(columns.indexOf(source.column));
  const labels = names.findIndex((name) => LABEL.test(name));
  $("teach-label-column").value = labels < 0 ? "" : String(labels);
  $("teach-setup").hidden = false;
  $("teach-setup").querySelector("[type=submit]").focus({ preventScroll: true });
}

async function readColumn(i) {
  const { worker, columns, header } = source;
  await worker.begin({ column: columns[i], header });
  const { texts } = await worker.next({ most: MAX_ROWS });
  return texts.map((text) => oneLine(String(text ?? "")));
}

/** Takes the rows of the open table. Resolves to the message that says what was taken. */
export async function takeRows() {
  const texts = await readColumn(Number($("teach-text-column").value));
  const { value } = $("teach-label-column");
  const labels = value === "" ? undefined : await readColumn(Number(value));
  source.worker.end();
  source = undefined;
  $("teach-setup").hidden = true;
  const cut = texts.length === MAX_ROWS ? t("teach.cut", MAX_ROWS) : "";
  if (!labels) {
    sheet = { texts: texts.filter(Boolean), at: 0, done: [] };
    draw();
    $("teach-row").focus({ preventScroll: true });
    return cut;
  }
  const byLabel = new Map();
  for (const [i, label] of labels.entries()) {
    if (!label) continue;
    byLabel.set(label, [...(byLabel.get(label) ?? []), ...(texts[i] ? [texts[i]] : [])]);
  }
  addToCards(Array.from(byLabel, ([name, texts]) => ({ name, texts })));
  return cut;
}

const names = () => readCards().map(({ name }) => name);

/** Shows the row to label, and a button for each label. */
export function draw() {
  $("teach-rows").hidden = !sheet;
  if (!sheet) return;
  const { texts, at, done } = sheet;
  $("teach-row-number").textContent = t("teach.row", Math.min(at + 1, texts.length), texts.length);
  $("teach-row").textContent = texts[at] ?? "";
  const buttons = names().map((name, i) => {
    const key = i < KEYS ? make("kbd", { textContent: String(i + 1) }) : "";
    return make("button", { type: "button", onclick: () => give(name) }, key, ` ${name}`);
  });
  $("teach-row-labels").replaceChildren(...(buttons.length > 1 ? buttons : [t("teach.need-names")]));
  $("teach-undo").disabled = done.length === 0;
  $("teach-row-status").textContent = t("teach.labelled", done.filter(({ name }) => name).length);
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
