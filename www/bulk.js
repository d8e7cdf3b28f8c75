// The part "Many texts": labels the rows of a file, or pasted rows, in a pool of workers. The page stays responsive.
import { begin, end } from "./busy.js";
import { $, make } from "./dom.js";
import { areValues } from "./labels.js";
import { count, figure, onLanguage, percent, t } from "./language.js";
import { createClassifier } from "./litmus-text/dist/index.js";
import { model, onModel } from "./model.js";
import { textLanguage } from "./packaged.js";
import { Results } from "./results.js";
import { openInWorker } from "./rows.js";
import { saveFile } from "./save-file.js";
import { showTable, tableHasGrown } from "./table.js";
import { allTasks, onTask, task, taskName } from "./task.js";
import { taught } from "./taught.js";
import { bars } from "./view-bars.js";

/** Rows per request to the worker that parses the file. */
const ROWS_PER_REQUEST = 256;
/** Milliseconds between two updates of the progress display. */
const UPDATE_MS = 250;
/** A text that is predicted to learn the labels of a model's own head. */
const ANY_TEXT = "a";
/** With more labels than this, those of most rows come first. */
const MANY_LABELS = 6;
/** One core is left to the page. At most 4, because each worker holds its own copy of the model in memory. */
const WORKERS = Math.min(4, Math.max(1, navigator.hardwareConcurrency - 1));

let source; // the open file: what `openInWorker` resolved to
let opening; // promise of the file that was chosen last
let job; // the running job, or the last one

const isRunning = () => job?.state === "running" || job?.state === "paused";

function showOnly(id) {
  for (const each of ["bulk-open", "bulk-setup", "bulk-run"]) $(each).hidden = each !== id;
}

function showProblem(message) {
  $("bulk-problem").hidden = !message;
  $("bulk-problem").textContent = message ?? "";
}

/** Opens a dropped file. */
export const openFile = (file) => openRows(file, file.name);

/** Opens a file and shows the form that asks which column to read. If it cannot be read, the file before it stays open. */
async function openRows(file, name) {
  showProblem();
  const mine = openInWorker(file, name);
  opening = mine;
  let opened;
  try {
    opened = await mine;
  } catch (error) {
    return showProblem(t("bulk.unread", error.message));
  }
  if (mine !== opening) return opened.worker.end(); // another file was chosen meanwhile
  source?.worker.end();
  source = opened;
  $("bulk-header").checked = source.header;
  $("bulk-header").closest("label").hidden = source.kind !== "csv";
  showSetup();
  $("bulk-column").value = String(source.columns.indexOf(source.column));
  showPreview();
  listTasks([task()?.id]);
  showOnly("bulk-setup");
  $("bulk-start").focus({ preventScroll: true });
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

/** The chosen tasks with their labels. */
async function tasksToRead() {
  const ids = checkedTasks();
  const chosen = allTasks().filter(({ id }) => ids.includes(id));
  const withInfo = async (each) => {
    const prediction = await each.classifier.predict(ANY_TEXT, each.options());
    return { ...each, info: await each.info(prediction) };
  };
  return Promise.all(chosen.map(withInfo));
}

/** Yields the texts of the file. Reads one request ahead, so that a large file is never in memory as a whole. */
async function* readTexts() {
  const { worker } = source;
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

async function run() {
  const { options } = model();
  const table = source;
  const stop = new AbortController();
  $("bulk-start").disabled = true;
  const tasks = await tasksToRead().catch((error) => {
    showOnly("bulk-open");
    showProblem(error.message);
  });
  $("bulk-start").disabled = false;
  if (!tasks || source !== table) return;
  opening = undefined; // a file that is still being opened must not replace this one
  showProblem();
  const results = new Results(tasks);
  job = {
    state: "running",
    results,
    stop,
    marks: [{ row: 0, fraction: 0 }],
    start: performance.now(),
    paused: 0,
    shownAt: 0,
  };
  const mine = job;
  begin(mine);
  showOnly("bulk-run");
  showButtons();
  showStatus();
  showTable(table.worker, results);
  makeFigures(results);
  $("bulk-charts").hidden = areValues(tasks[0].info);
  draw();
  $("bulk-pause").focus({ preventScroll: true });
  let pool;
  try {
    const column = table.columns[Number($("bulk-column").value)];
    await table.worker.begin({ column, header: $("bulk-header").checked });
    const head = tasks[0].source === "taught" ? taught().head : undefined;
    pool = await createClassifier({ ...options, head, workers: WORKERS, signal: stop.signal });
    mine.start = performance.now();
    const chosen = tasks.length > 1 ? { tasks: tasks.map(({ id }) => id) } : tasks[0].options();
    for await (const item of pool.stream(readTexts(), { ...chosen, signal: stop.signal })) {
      results.add(item);
      if (performance.now() - mine.shownAt > UPDATE_MS) draw();
    }
    mine.state = "done";
  } catch (error) {
    mine.state = stop.signal.aborted ? "cancelled" : "stopped";
    mine.error = error;
  }
  pool?.close();
  mine.end = performance.now();
  end(mine);
  draw(true);
  showButtons();
  $("bulk-announcement").textContent = $("bulk-status").textContent;
  $(results.count > 0 ? "bulk-save" : "bulk-again").focus({ preventScroll: true });
}

/** Updates the status line, the progress bar, the charts and the table. */
function draw(finished = false) {
  job.shownAt = performance.now();
  const { results, state } = job;
  showStatus();
  $("bulk-progress").value = state === "done" ? 1 : labelledFraction(job);
  for (const [i, column] of results.columns.entries()) drawShares($("bulk-shares").children[i], column, results);
  $("bulk-sureness").hidden = results.columns.length > 1;
  drawHistogram(results.columns[0].bins);
  tableHasGrown(finished);
}

/** Makes a figure for each task. */
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
  const most = names.length > MANY_LABELS ? scores.sort((a, b) => b.score - a.score) : scores;
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

function showStatus() {
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

function showButtons() {
  const running = isRunning();
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
  showButtons();
  draw();
  $("bulk-announcement").textContent = $("bulk-status").textContent;
}

async function save() {
  const mine = job;
  const { results } = mine;
  // Until the file is written, no other one may be opened: that would end its worker.
  begin(mine);
  opening = undefined;
  $("bulk-save").disabled = $("bulk-again").disabled = true;
  $("bulk-save").textContent = t("bulk.saving");
  try {
    const toSave = results.columns.map((column) => column.toSave);
    const file = await source.worker.save({ results: toSave, errors: results.errors });
    const [, stem] = /^(.*?)(\.[^.]*)?$/.exec(source.name);
    saveFile(file, `${stem}.litmus.${source.kind === "jsonl" ? "jsonl" : "csv"}`);
  } catch (error) {
    $("bulk-status").textContent = t("bulk.stopped", error.message);
  }
  end(mine);
  $("bulk-save").disabled = $("bulk-again").disabled = false;
  $("bulk-save").textContent = t("bulk.save");
}

function startOver() {
  showOnly("bulk-open");
  showProblem();
  source?.worker.end();
  source = opening = job = undefined;
  $("bulk-paste").value = "";
  $("bulk-read").hidden = true;
  $("bulk-choose").focus({ preventScroll: true });
}

/** Opens a table of a thousand different reviews, each made of one or two texts. */
async function openSample() {
  const isChinese = textLanguage().startsWith("zh");
  const { batch } = await (isChinese ? import("./texts-zh.js") : import("./benches/texts.mjs"));
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
  void run();
});
$("bulk-other").addEventListener("click", startOver);
$("bulk-again").addEventListener("click", startOver);
$("bulk-pause").addEventListener("click", togglePause);
$("bulk-cancel").addEventListener("click", () => {
  job.stop.abort();
  job.goOn?.();
});
$("bulk-save").addEventListener("click", save);
onModel((now) => ($("bulk-start").disabled = !now));
$("bulk-start").disabled = !model();

/** The model, or the chosen task, has changed: boxes of tasks that are still there stay checked. */
function relist() {
  const still = checkedTasks().filter((id) => allTasks().some((each) => each.id === id));
  listTasks(still.length > 0 ? still : [task()?.id]);
}
onTask(relist);
relist();
onLanguage(() => {
  relist();
  if (source) showSetup();
  if (!job) return;
  showButtons();
  draw();
});
