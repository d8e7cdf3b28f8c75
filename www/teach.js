// The part "Your labels": teaches the model labels of the visitor's own, and keeps them on the device.
import { begin, end, isBusy } from "./busy.js";
import { $ } from "./dom.js";
import { headerOf } from "./head-file.js";
import { onLanguage, t } from "./language.js";
import { textLanguage } from "./packaged.js";
import { saveFile } from "./save-file.js";
import { chooseTask } from "./task.js";
import { lastTaught, loadTaught, taught, untilModel, useTaught } from "./taught.js";
import { forget, keep, kept } from "./taught-store.js";
import { addToCards, onCards, readCards, writeCards } from "./teach-cards.js";
import "./teach-report.js";
import { draw as drawRows, openTable, takeRows } from "./teach-table.js";

/** Milliseconds without a change before the examples are stored. */
const STORE_MS = 400;
/** Bytes at the start of a head file that contain its header, which lists the labels of up to 50,000 examples. */
const HEADER_BYTES = 1 << 20;

let stop = new AbortController();
let storing = 0; // timer

function showStatus(message) {
  $("teach-status").textContent = message;
}

function showProblem(message) {
  $("teach-problem").hidden = !message;
  $("teach-problem").textContent = message ?? "";
}

/** Stores the examples, and the head that was taught from them. */
async function store() {
  const labels = readCards();
  const own = lastTaught();
  // The head is kept, too, if it is of a model that is not in use.
  const { head, report, model } = own ? { ...own, model: own.model.packaged ?? null } : ((await kept()) ?? {});
  const isKept = await keep({ labels, other: $("teach-other").checked, head, report, model });
  return t(isKept ? "teach.keep" : "teach.unkept");
}

function changed() {
  drawRows();
  showStatus(taught() ? t("teach.changed") : "");
  clearTimeout(storing);
  storing = setTimeout(store, STORE_MS);
}

function showRunning(is) {
  $("teach-start").hidden = is;
  $("teach-stop").hidden = !is;
  $("teach-progress").classList.toggle("at-work", is);
  $("teach-progress").value = 0;
}

async function teach() {
  const labels = readCards();
  if (labels.length < 2 || labels.every(({ texts }) => texts.length === 0)) return showStatus(t("teach.few"));
  if (isBusy()) return showStatus(t("model.busy"));
  const job = {};
  begin(job);
  stop = new AbortController();
  const { signal } = stop;
  showRunning(true);
  $("teach-stop").focus({ preventScroll: true });
  try {
    const by = await untilModel();
    const examples = labels.map(({ name, texts }) => [name, texts]);
    const next = await by.classifier.teach(examples, {
      signal,
      other: $("teach-other").checked,
      onProgress: ({ done, total }) => {
        Object.assign($("teach-progress"), { max: total, value: done });
        showStatus(t("teach.working", done, total));
      },
    });
    useTaught(next, next.report, by); // a model that began to load before may be in use by now
    showStatus(await store());
    $("teach-accuracy").focus({ preventScroll: true });
    $("teach-result").scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (signal.aborted) showStatus("");
    else showStatus(error.code === "model-unsupported" ? t("teach.unsupported") : t("teach.failed", error.message));
  }
  end(job);
  showRunning(false);
  if (document.activeElement === document.body) $("teach-start").focus({ preventScroll: true });
}

/** Opens a head, or a table of examples. */
export async function openFile(file) {
  showProblem();
  try {
    const head = headerOf(new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()));
    if (!head) return await openTable(file);
    await loadTaught(new Uint8Array(await file.arrayBuffer()));
    addToCards(head.labels.map((name) => ({ name, texts: [] })));
    showStatus("");
    chooseTask("taught");
  } catch (error) {
    showProblem(t("bulk.unread", error.message));
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
  useTaught(undefined);
  writeCards([]);
  $("teach-other").checked = false;
  drawRows();
  showProblem();
  showStatus("");
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
  const isChinese = textLanguage().startsWith("zh");
  const { sample } = await (isChinese ? import("./teach-sample-zh.js") : import("./teach-sample.js"));
  addToCards(sample);
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
  await takeRows().then(showProblem, (error) => showProblem(t("bulk.unread", error.message)));
});
$("teach-other").addEventListener("change", changed);
onCards(changed);
onLanguage(() => $("teach-status").textContent && showStatus(""));
await restore();
