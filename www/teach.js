// The part "Your labels": teaches the model labels of the visitor's own, and keeps them on the device.
import { begin, end, isBusy } from "./busy.js";
import { $, announce, moveFocus } from "./dom.js";
import { headerOf } from "./head-file.js";
import { showText, t } from "./language.js";
import { isAwaited, model, untilModel } from "./model.js";
import { readsChinese } from "./packaged.js";
import { showRunning } from "./running.js";
import { saveFile } from "./save-file.js";
import { chooseTask } from "./task.js";
import { lastTaught, loadTaught, taught, useTaught } from "./taught.js";
import { forget, kept, storeTaught } from "./taught-store.js";
import { addToCards, onCards, readCards, writeCards } from "./teach-cards.js";
import "./teach-report.js";
import { closeTable, draw as drawRows, openTable, takeRows } from "./teach-table.js";

/** Milliseconds without a change before the examples are stored. */
const STORE_MS = 400;
/** Bytes at the start of a head file that contain its header, which lists the labels of up to 50,000 examples. */
const HEADER_BYTES = 1 << 20;

let stop = new AbortController();
let storing = 0; // timer

function showStatus(key, ...values) {
  showText($("teach-status"), key, ...values);
  announce($("teach-status").textContent);
}

/** Shows a text about what went wrong; without one, none. */
export function showProblem(key, ...values) {
  $("teach-problem").hidden = !key;
  showText($("teach-problem"), key, ...values);
}

/** Stores the examples, and the head that was taught from them. Resolves to the key of the message that says whether it is kept. */
async function store() {
  const labels = readCards();
  const own = lastTaught();
  // A head that came in a link does not replace the visitor's own. One of a model that is not in use is kept, too.
  const isOwn = own && !own.isReceived;
  const { head, report, model } = isOwn ? { ...own, model: own.model.packaged ?? null } : ((await kept()) ?? {});
  const isKept = await storeTaught({ labels, other: $("teach-other").checked, head, report, model });
  return isKept ? "teach.keep" : "teach.unkept";
}

function changed() {
  drawRows();
  showStatus(taught() ? "teach.changed" : undefined);
  clearTimeout(storing);
  storing = setTimeout(store, STORE_MS);
}

async function teach() {
  if (!$("teach-stop").hidden) return; // Enter in the name of a label, while a head is being taught
  const labels = readCards();
  if (labels.length < 2 || labels.every(({ texts }) => texts.length === 0)) return showStatus("teach.few");
  stop = new AbortController();
  const { signal } = stop;
  showRunning("teach", true);
  $("teach-stop").focus({ preventScroll: true });
  if (!model() || isAwaited()) showStatus("load.fetching");
  let next = $("teach-start"); // what the focus moves to
  try {
    const by = await untilModel(signal);
    if (isBusy()) return showStatus("model.busy");
    begin(signal);
    const examples = labels.map(({ name, texts }) => [name, texts]);
    const own = await by.classifier.teach(examples, {
      signal,
      other: $("teach-other").checked,
      onProgress: ({ done, total }) => {
        Object.assign($("teach-progress"), { max: total, value: done });
        showText($("teach-status"), "teach.working", done, total); // not announced, as it changes all the time
      },
    });
    if (signal.aborted) return own.close();
    useTaught(own, own.report, by); // a model that began to load before may be in use by now
    showStatus(await store());
    if (taught()) next = $("teach-accuracy");
  } catch (error) {
    if (signal.aborted) showStatus();
    else if (error.code === "model-unsupported") showStatus("teach.unsupported");
    else showStatus("job.failed", error.message);
  } finally {
    end(signal);
    showRunning("teach", false);
    moveFocus($("teach"), next);
    if (document.activeElement === $("teach-accuracy")) $("teach-result").scrollIntoView({ block: "nearest" });
  }
}

/** Opens a head, or a table of examples. */
export async function openFile(file) {
  showProblem();
  try {
    const head = headerOf(new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()));
    if (!head) return await openTable(file);
    await loadTaught(new Uint8Array(await file.arrayBuffer()));
    addToCards(head.labels.map((name) => ({ name, texts: [] })));
    showStatus();
    chooseTask("taught");
  } catch (error) {
    showProblem("bulk.unread", error.message);
  }
}

/** The examples as a table that this part opens again, and that the command `litmus-text teach` reads. */
function saveExamples() {
  const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const rows = readCards().flatMap(({ name, texts }) => (texts.length > 0 ? texts : [""]).map((text) => [name, text]));
  const lines = [["label", "text"], ...rows].map((row) => row.map(quoted).join(","));
  saveFile(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }), `${t("teach.examples-file")}.csv`);
}

async function clear() {
  clearTimeout(storing);
  stop.abort();
  closeTable();
  useTaught(undefined);
  writeCards([]);
  $("teach-other").checked = false;
  showProblem();
  showStatus();
  await forget();
}

/** Shows what an earlier visit has left, or the labels of a link. */
async function restore() {
  const { labels = [], other = false } = (await kept()) ?? {};
  const shared = taught()?.classifier.labels.map((name) => ({ name, texts: [] })) ?? [];
  writeCards(labels.length > 0 ? labels : shared);
  $("teach-other").checked = other;
}

$("teach-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void teach();
});
$("teach-stop").addEventListener("click", () => stop.abort());
$("teach-sample").addEventListener("click", async () => {
  const script = readsChinese() ? import("./teach-sample-zh.js") : import("./teach-sample.js");
  await script.then(
    ({ sample }) => addToCards(sample),
    () => showProblem("load.broken"),
  );
});
$("teach-save").addEventListener("click", saveExamples);
$("teach-clear").addEventListener("click", clear);
$("teach-choose").addEventListener("click", () => $("teach-file").click());
$("teach-file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  if (file) void openFile(file);
  target.value = ""; // so that choosing the same file again fires "change"
});
$("teach-setup").addEventListener("submit", async (event) => {
  event.preventDefault();
  await takeRows().then(
    (message) => showProblem(...message),
    (error) => showProblem("bulk.unread", error.message),
  );
});
$("teach-other").addEventListener("change", changed);
onCards(changed);
await restore();
