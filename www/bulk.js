// The part "Many texts": labels the rows of a file, or pasted rows, in a pool of workers. The page stays responsive.
import { begin, end, markUnsaved } from "./busy.js";
import { $, announce, make, moveFocus } from "./dom.js";
import { areValues } from "./labels.js";
import { count, figure, onLanguage, percent, showText, t } from "./language.js";
import { createClassifier } from "./litmus-text/dist/index.js";
import { isAwaited, untilModel } from "./model.js";
import { readsChinese } from "./packaged.js";
import { Results } from "./results.js";
import { makeOpener } from "./rows.js";
import { saveFile } from "./save-file.js";
import { showTable, tableHasGrown } from "./table.js";
import { ANY_TEXT, allTasks, onTask, task, taskName } from "./task.js";
import { bars, MAX_BARS } from "./view-bars.js";

/** Rows per request to the worker that parses the file. */
const ROWS_PER_REQUEST = 256;
/** Milliseconds between two updates of the progress display. */
const UPDATE_MS = 250;
/** One core is left to the page. At most 4, because each worker holds its own copy of the model in memory. */
const WORKERS = Math.min(4, Math.max(1, navigator.hardwareConcurrency - 1));

let source; // the open file: what the opener resolved to
let starting = new AbortController(); // aborts the start of a job that waits for the model
let job; // the running job, or the last one

const opener = makeOpener((is) => {
  $("bulk-opening").hidden = !is;
  if (is) announce(t("bulk.opening"));
});

function showOnly(id) {
  for (const each of ["bulk-open", "bulk-setup", "bulk-run"]) $(each).hidden = each !== id;
}

/** Shows a text about what went wrong; without one, none. */
export function showProblem(key, ...values) {
  $("bulk-problem").hidden = !key;
  showText($("bulk-problem"), key, ...values);
}

/** Opens a dropped file. */
export const openFile = (file) => openRows(file, file.name);

/** Opens a file and shows the form that asks which column to read. If it cannot be read, the file before it stays open. */
async function openRows(file, name) {
  showProblem();
  let opened;
  try {
    opened = await opener.open(file, name);
  } catch (error) {
    return showProblem("bulk.unread", error.message);
  }
  if (!opened) return; // another file was chosen meanwhile, or this one was given up
  starting.abort();
  source?.worker.end();
  source = opened;
  markUnsaved(false); // the results of the file before are gone
  $("bulk-header").checked = source.header;
  $("bulk-header").closest("label").hidden = source.kind !== "csv";
  showSetup();
  $("bulk-column").value = String(source.columns.indexOf(source.column));
  showPreview();
  listTasks([task()?.id]);
  showOnly("bulk-setup");
  moveFocus($("bulk"), $("bulk-start"));
}

function showSetup() {
  const { name, kind, size, encoding, columns, rows: head } = source;
  $("bulk-name").textContent = name;
  $("bulk-kind").textContent = t("bulk.kind", t(`bulk.kind.${kind}`), size, encoding);
  const heading = (i) =>
    (kind === "jsonl" ? columns[i] : $("bulk-header").checked && head[0][i]) || t("bulk.column-number", i + 1);
  const chosen = $("bulk-column").value;
  $("bulk-column").replaceChildren(
    ...columns.map((_, i) => make("option", { value: String(i), textContent: heading(i) })),
  );
  $("bulk-column").value = chosen;
  $("bulk-column").disabled = columns.length === 1;
}

function showPreview() {
  const { rows: head } = source;
  const texts = head
    .slice($("bulk-header").checked ? 1 : 0)
    .slice(0, 3)
    .map((row) => row[Number($("bulk-column").value)]);
  $("bulk-preview").replaceChildren(...texts.map((text) => make("li", { textContent: text ?? "" })));
}

/** The boxes for the tasks that the rows are read for. */
function listTasks(checked) {
  const boxes = allTasks().map(({ id }) => {
    const box = make("input", { type: "checkbox", value: id, checked: checked.includes(id) });
    return make("label", { className: "check" }, box, " ", make("span", { textContent: taskName(id) }));
  });
  $("bulk-tasks").replaceChildren(...boxes);
  $("bulk-tasks-field").hidden = boxes.length < 2;
}

const checkedTasks = () => Array.from($("bulk-tasks").querySelectorAll(":checked"), ({ value }) => value);

/** Unchecks tasks that cannot be predicted in one pass with that of `box`. At least one box stays checked. */
function chooseTasks(box) {
  const combines = (id) => allTasks().find((each) => each.id === id).combines;
  for (const each of $("bulk-tasks").querySelectorAll("input"))
    if (each !== box && !(combines(each.value) && combines(box.value))) each.checked = false;
  if (checkedTasks().length === 0) box.checked = true;
}

/** The chosen tasks with their labels. Their options stay as they are now, whatever the visitor types meanwhile. */
async function tasksToRead() {
  const ids = checkedTasks();
  const chosen = allTasks().filter(({ id }) => ids.includes(id));
  const withInfo = async (each) => {
    const options = each.options();
    const prediction = await each.classifier.predict(ANY_TEXT, options);
    return { ...each, options, info: await each.info(prediction, options) };
  };
  return Promise.all(chosen.map(withInfo));
}

/** Yields the texts of a job's file. Reads one request ahead, so that a large file is never in memory as a whole. */
async function* readTexts(job, worker) {
  let ahead = worker.next({ most: ROWS_PER_REQUEST });
  for (;;) {
    const { texts, fraction, done } = await ahead;
    if (!done) ahead = worker.next({ most: ROWS_PER_REQUEST });
    job.marks.push({ row: job.marks.at(-1).row + texts.length, fraction });
    for (const text of texts) {
      await job.gate;
      yield text;
    }
    if (done) return;
  }
}

/**
 * The labelled fraction of the file, from 0 to 1, by bytes: the number of rows is not known before the end.
 * `marks` pairs row numbers with byte fractions; between two marks the fraction is interpolated.
 */
function labelledFraction({ marks, results }) {
  const { count } = results;
  while (marks.length > 2 && marks[1].row <= count) marks.shift();
  const [from, to] = marks;
  if (!to || to.row === from.row) return from.fraction;
  return from.fraction + ((to.fraction - from.fraction) * (count - from.row)) / (to.row - from.row);
}

/** Waits until the chosen model is in use, and labels the rows with it. */
async function start() {
  const table = source;
  starting = new AbortController();
  const stop = starting;
  showProblem();
  $("bulk-start").disabled = true;
  if (isAwaited()) showText($("bulk-start"), "load.fetching");
  let options;
  let tasks;
  try {
    ({ options } = await untilModel(stop.signal));
    begin(stop); // from here on the model stays
    tasks = await tasksToRead();
  } catch (error) {
    if (!stop.signal.aborted) showProblem("bulk.stopped", error.message);
  }
  $("bulk-start").disabled = false;
  showText($("bulk-start"), "bulk.start");
  try {
    if (tasks && source === table) await run({ table, stop, options, tasks });
    else moveFocus($("bulk"), $("bulk-start"));
  } finally {
    end(stop);
  }
}

async function run({ table, stop, options, tasks }) {
  opener.cancel(); // a file that is still being opened must not replace this one
  const results = new Results(tasks);
  const mine = {
    state: "running",
    results,
    stop,
    marks: [{ row: 0, fraction: 0 }],
    start: performance.now(),
    paused: 0,
    shownAt: 0,
  };
  job = mine;
  showOnly("bulk-run");
  showButtons(mine);
  showTable(table.worker, results);
  makeFigures(results);
  $("bulk-charts").hidden = areValues(tasks[0].info);
  draw(mine);
  moveFocus($("bulk"), $("bulk-pause"));
  let pool;
  try {
    const column = table.columns[Number($("bulk-column").value)];
    await table.worker.begin({ column, header: $("bulk-header").checked });
    pool = await createClassifier({ ...options, head: tasks[0].head, workers: WORKERS, signal: stop.signal });
    mine.start = performance.now(); // only the labelling is timed
    mine.paused = 0;
    mine.pausedAt = mine.start;
    const chosen = tasks.length > 1 ? { tasks: tasks.map(({ id }) => id) } : tasks[0].options;
    for await (const item of pool.stream(readTexts(mine, table.worker), { ...chosen, signal: stop.signal })) {
      results.add(item);
      if (performance.now() - mine.shownAt > UPDATE_MS) draw(mine);
    }
    mine.state = "done";
  } catch (error) {
    mine.state = stop.signal.aborted ? "cancelled" : "stopped";
    mine.error = error;
  }
  pool?.close();
  mine.end = performance.now();
  markUnsaved(results.count > 0);
  draw(mine, true);
  showButtons(mine);
  announce($("bulk-status").textContent);
  moveFocus($("bulk"), $(results.count > 0 ? "bulk-save" : "bulk-again"));
}

/** Updates the status line, the progress bar, the charts and the table. */
function draw(job, finished = false) {
  job.shownAt = performance.now();
  const { results, state } = job;
  showStatus(job);
  $("bulk-progress").value = state === "done" ? 1 : labelledFraction(job);
  for (const [i, column] of results.columns.entries()) drawShares($("bulk-shares").children[i], column, results);
  $("bulk-sureness").hidden = results.columns.length > 1;
  drawHistogram(results.columns[0].bins);
  tableHasGrown(finished);
}

const makeFigures = ({ columns }) =>
  $("bulk-shares").replaceChildren(
    ...columns.map(() => make("figure", {}, make("figcaption"), make("dl", { className: "bars" }))),
  );

/** Draws how many rows have each label of a task. */
function drawShares(figure, { id, names, counts }, { columns, count: rows, failed }) {
  const [caption, list] = figure.children;
  caption.textContent = columns.length > 1 ? taskName(id) : t("bulk.shares");
  const total = Math.max(1, rows - failed);
  const scores = names.map((label, i) => ({ label, score: counts[i] / total }));
  const most = names.length > MAX_BARS ? scores.sort((a, b) => b.score - a.score) : scores;
  const value = (label, i) => [label, `${count(counts[i])} · ${percent(counts[i] / total)}`];
  bars(list, most, names, Object.fromEntries(names.map(value)));
}

function drawHistogram(bins) {
  const chart = $("bulk-histogram");
  const highest = Math.max(1, ...bins);
  if (chart.childElementCount !== bins.length) chart.replaceChildren(...Array.from(bins, () => make("i")));
  for (const [i, value] of bins.entries()) chart.children[i].style.setProperty("--score", value / highest);
  const width = 100 / bins.length;
  const filled = [...bins.entries()].filter(([, value]) => value > 0);
  chart.ariaLabel = t(
    "bulk.histogram",
    filled.map(([i, value]) => t("bulk.bin", i * width, (i + 1) * width, count(value))).join(", "),
  );
}

function formatDuration(seconds) {
  if (seconds < 90) return t("time.seconds", seconds < 10 ? figure(seconds) : Math.round(seconds));
  if (seconds < 5400) return t("time.minutes", Math.round(seconds / 60));
  return t("time.hours", (seconds / 3600).toFixed(1));
}

function showStatus(job) {
  const { results, state, start, paused, end = performance.now(), error } = job;
  const part = labelledFraction(job);
  const done = count(results.count);
  const seconds = (end - start - paused) / 1000;
  const speed = figure(results.count / seconds);
  const failed = results.failed > 0 ? t("bulk.failed", count(results.failed)) : "";
  const says = {
    running: () =>
      part > 0
        ? t("bulk.running", done, percent(part), speed, formatDuration((seconds * (1 - part)) / part))
        : t("bulk.starting"),
    paused: () => t("bulk.paused", done, percent(part)),
    cancelled: () => t("bulk.cancelled", done),
    stopped: () => t("bulk.stopped", error.message),
    done: () => t("bulk.done", done, formatDuration(seconds), speed),
  };
  $("bulk-status").textContent = says[state]() + failed;
}

function showButtons(job) {
  const running = job.state === "running" || job.state === "paused";
  $("bulk-pause").hidden = $("bulk-cancel").hidden = !running;
  $("bulk-pause").textContent = t(job.state === "paused" ? "bulk.go-on" : "bulk.pause");
  $("bulk-save").hidden = running || job.results.count === 0;
  $("bulk-again").hidden = running;
}

function togglePause() {
  if (job.state === "running") {
    job.state = "paused";
    job.pausedAt = performance.now();
    job.gate = new Promise((resolve) => (job.goOn = resolve));
  } else {
    job.state = "running";
    job.paused += performance.now() - job.pausedAt;
    job.goOn();
    job.gate = undefined;
  }
  showButtons(job);
  draw(job);
  announce($("bulk-status").textContent);
}

async function save() {
  if ($("bulk-save").ariaDisabled === "true") return;
  const mine = job;
  const { results } = mine;
  // Until the file is written, no other one may be opened: that would end its worker.
  begin(mine);
  opener.cancel();
  $("bulk-save").ariaDisabled = "true"; // not `disabled`, which would take the focus away
  $("bulk-again").disabled = true;
  showText($("bulk-save"), "bulk.saving");
  try {
    const toSave = results.columns.map((column) => column.toSave);
    const file = await source.worker.save({ results: toSave, errors: results.errors });
    const [, stem] = /^(.*?)(\.[^.]*)?$/.exec(source.name);
    const table = source.delimiter === "\t" ? "tsv" : "csv";
    saveFile(file, `${stem}.litmus.${source.kind === "jsonl" ? "jsonl" : table}`);
    markUnsaved(false);
  } catch (error) {
    $("bulk-status").textContent = t("bulk.stopped", error.message);
  }
  end(mine);
  $("bulk-save").ariaDisabled = null;
  $("bulk-again").disabled = false;
  showText($("bulk-save"), "bulk.save");
}

function startOver() {
  starting.abort();
  opener.cancel();
  showOnly("bulk-open");
  showProblem();
  source?.worker.end();
  source = job = undefined;
  markUnsaved(false);
  $("bulk-paste").value = "";
  $("bulk-read").hidden = true;
  $("bulk-choose").focus({ preventScroll: true });
}

/** Opens a table of a thousand different reviews, each made of one or two texts. */
async function openSample() {
  const isChinese = readsChinese();
  const texts = isChinese ? import("./texts-zh.js") : import("./benches/texts.mjs");
  const { batch } = await texts.catch(() => ({}));
  if (!batch) return showProblem("load.broken");
  const blank = isChinese ? "" : " ";
  const lines = Array.from({ length: 1000 }, (_, i) => {
    const [a, b] = [i, i + 1 + 7 * Math.floor(i / batch.length)].map((index) => index % batch.length);
    return `${i + 1},"${a === b ? batch[a] : `${batch[a]}${blank}${batch[b]}`}"`;
  });
  await openRows(new Blob([["number,review", ...lines].join("\n")]), `${t("bulk.made-up")}.csv`);
}

$("bulk-choose").addEventListener("click", () => $("bulk-file").click());
$("bulk-file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  if (file) void openFile(file);
  target.value = ""; // so that choosing the same file again fires "change"
});
$("bulk-sample").addEventListener("click", openSample);
$("bulk-paste").addEventListener("input", ({ target }) => ($("bulk-read").hidden = target.value.trim() === ""));
$("bulk-read").addEventListener("click", () => openRows(new Blob([$("bulk-paste").value]), `${t("bulk.pasted")}.txt`));
$("bulk-header").addEventListener("change", () => {
  showSetup();
  showPreview();
});
$("bulk-column").addEventListener("change", showPreview);
$("bulk-tasks").addEventListener("change", ({ target }) => chooseTasks(target));
$("bulk-setup").addEventListener("submit", (event) => {
  event.preventDefault();
  void start();
});
$("bulk-other").addEventListener("click", startOver);
$("bulk-again").addEventListener("click", startOver);
$("bulk-pause").addEventListener("click", togglePause);
$("bulk-cancel").addEventListener("click", () => {
  job.stop.abort();
  job.goOn?.();
});
$("bulk-save").addEventListener("click", save);
$("bulk-stop").addEventListener("click", () => {
  opener.cancel();
  const focus = { "bulk-open": "bulk-choose", "bulk-setup": "bulk-start", "bulk-run": "bulk-again" };
  const [open] = Object.keys(focus).filter((id) => !$(id).hidden);
  $(focus[open]).focus({ preventScroll: true });
});

/** The model, or the chosen task, has changed: boxes of tasks that are still there stay checked. */
function relist() {
  const still = checkedTasks().filter((id) => allTasks().some((each) => each.id === id));
  const focused = $("bulk-tasks").contains(document.activeElement) && document.activeElement.value;
  listTasks(still.length > 0 ? still : [task()?.id]);
  if (focused) ($("bulk-tasks").querySelector(`[value="${CSS.escape(focused)}"]`) ?? $("bulk-start")).focus();
}
onTask(relist);
relist();
onLanguage(() => {
  relist();
  if (source) showSetup();
  if (!job) return;
  showButtons(job);
  draw(job);
});
