// The part "Try it": classifies the text as it is typed, then explains the prediction word by word.
import { showCode } from "./code.js";
import { $, announce, loadStyle, TYPING_MS } from "./dom.js";
import { toneOf } from "./labels.js";
import { onLanguage, showText, t } from "./language.js";
import { isAwaited } from "./model.js";
import { ANY_TEXT, onTask, task } from "./task.js";
import * as bars from "./view-bars.js";
import { paintWords, shiftWords, wordItems } from "./words.js";

/** Milliseconds without typing before the explanation is computed. */
const PAUSE_MS = 250;
/**
 * An explanation that may take longer than this many milliseconds is computed only on request. It takes one prediction per word,
 * and a text has at most as many words as tokens.
 */
const AUTOMATIC_MS = 4000;
/** Milliseconds after its last prediction in which a worker is certainly still there: the package ends it after 60 seconds. */
const READY_MS = 50_000;
/** Characters: a longer text is not classified at every keystroke, but after a pause. */
const LONG = 1500;
/** What shows the predictions of a task, by its `view`. */
const VIEWS = {
  emotions: () => import("./view-emotions.js"),
  gauges: () => import("./view-gauges.js"),
};

const text = $("text");
/** By task, when its last prediction or explanation ended. It has none before the first, and while one runs. */
const lastUse = new WeakMap();
let pending = 0; // timer before a long text is classified
let reading = new AbortController(); // aborts the running prediction or explanation
let shown; // the displayed result: { value, prediction, milliseconds, task, info, view, words by label }
let isCurrent = false; // whether what is displayed belongs to the text and the task: if not, `read` is under way or has failed
let passages; // the script that shows long texts, once it is loaded
let painted = { value: "", words: [] };

/** Shows one of the four states: loading, failure, result, idle. */
export function show(state) {
  for (const each of ["loading", "failure", "result", "idle"]) $(each).hidden = each !== state;
  $("test").dataset.state = state;
}

/** Shows that a model is being loaded, and forgets what was read. */
export function showLoading() {
  reading.abort();
  showProgress();
  clear();
  show("loading");
}

/** Shows an error in place of a prediction, under the heading `title`. */
export function fail(error, title = "try.failed") {
  showProgress();
  clear();
  showText($("failure-title"), title);
  $("failure-text").textContent = `${error.message} (${error.code ?? error.name})`;
  show("failure");
}

/** Shows the progress bar; hides it when called without arguments. */
function showProgress(done, total) {
  $("work").classList.toggle("at-work", total > 0);
  if (total > 0) Object.assign($("work"), { max: total, value: done });
}

const wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    setTimeout(resolve, ms);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

async function viewOf({ view }) {
  if (!view) return bars;
  const [script] = await Promise.all([VIEWS[view](), loadStyle("views.css")]);
  script.onChoice(showChoice);
  return script;
}

/** What is predicted: the text, or the text with its pair. */
export function inputOf({ field }, value) {
  const pair = $("pair").value.trim();
  return field === "pair" && pair ? { text: value, pair } : value;
}

/** Classifies the text in the box, then explains the prediction. Aborts the call before it: the latest text wins. */
export async function read() {
  const signal = restart();
  isCurrent = false;
  const now = task();
  if (!now || isAwaited()) return;
  showProgress();
  if (text.value.trim() === "") return showEmpty();
  if (now.field === "choices" && now.options().zeroShot.labels.length === 0) return showEmpty("try.no-choices");
  try {
    const next = await predict(now, text.value, signal);
    if (signal.aborted) return;
    await display(next, signal);
    if (signal.aborted) return;
    isCurrent = true;
    await wait(PAUSE_MS, signal);
    await explainShown(signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error.code === "empty-text") showEmpty();
    else fail(error);
  }
}

/** Aborts the running prediction or explanation. Returns the signal of the next one. */
function restart() {
  reading.abort();
  reading = new AbortController();
  return reading.signal;
}

/** The prediction of a text by a task, and what is needed to display it. */
async function predict(task, value, signal) {
  const given = task.options();
  const onProgress = ({ done, total }) => {
    if (signal.aborted || total === 1) return;
    $("facts").textContent = t("try.reading", Math.min(done + 1, total), total);
    showProgress(done, total);
  };
  // Otherwise the time would include the start of a worker, or the end of a computation that was aborted: of a prediction, an
  // explanation, or the words of a passage.
  const hasPassages = shown?.prediction.windows.length > 1;
  const isReady = performance.now() - lastUse.get(task) < READY_MS && !hasPassages;
  lastUse.delete(task);
  if (!isReady) await task.classifier.predict(ANY_TEXT, { ...given, signal });
  const start = performance.now();
  const options = { ...given, signal, onProgress: value.length > LONG ? onProgress : undefined };
  const prediction = await task.classifier.predict(inputOf(task, value), options);
  const milliseconds = performance.now() - start;
  lastUse.set(task, performance.now());
  const [info, view] = await Promise.all([task.info(prediction, given), viewOf(task)]);
  return { value, prediction, milliseconds, task, info, view, words: new Map() };
}

async function display(next, signal) {
  const isSameText = shown?.value === next.value && shown.view === next.view;
  shown = next;
  showProgress();
  showPrediction(isSameText);
  if (next.prediction.windows.length > 1) await showPassages(signal);
  else passages?.hidePassages();
}

/** Shows that there is nothing to predict. */
function showEmpty(why = "try.idle") {
  clear();
  showText($("idle"), why);
  show("idle");
  announce(t(why), TYPING_MS);
}

function clear() {
  shown = undefined;
  isCurrent = false;
  clearWords();
  passages?.hidePassages();
  announce("", TYPING_MS);
  showNote("why.idle");
}

/** `again`: the same text as before is shown in the same view. */
function showPrediction(again = true) {
  const { value, prediction, milliseconds, task, info, view } = shown;
  const { tokens, windows, warnings } = prediction;
  for (const { id } of $("views").children) $(id).hidden = id !== view.element.id;
  const { verdict, confidence, tone, level, hint } = view.show(prediction, info, again);
  $("test").dataset.tone = tone;
  $("test").style.setProperty("--score", level);
  $("verdict").textContent = verdict;
  $("confidence").textContent = confidence;
  $("hint").hidden = !hint;
  $("hint").textContent = hint;
  $("facts").textContent = t("try.facts", tokens, milliseconds.toFixed(1));
  $("parts").hidden = windows.length === 1;
  $("parts").textContent = t("try.parts", windows.length, task.classifier.info.maxTokens);
  $("warning").hidden = warnings.length === 0;
  $("warning").textContent = t("try.unknown");
  showCode(task, value, prediction);
  show("result");
  announce(`${verdict}, ${$("confidence").textContent}`, TYPING_MS);
}

async function showPassages(signal) {
  [passages] = await Promise.all([import("./passages.js"), loadStyle("passages.css")]);
  if (!signal.aborted) passages.showPassages(shown.value, shown.prediction.windows, shown.task, shown.info);
}

/** The visitor has chosen another label, or moved a threshold. */
async function showChoice() {
  showPrediction();
  if (!isCurrent) return; // `read` will explain the choice
  const signal = restart();
  try {
    if (explained().some((label) => !shown.words.has(label))) await wait(PAUSE_MS, signal);
    await explainShown(signal);
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

/** Shows a note under the text: why no word is coloured, or the progress. */
function showNote(key, ...values) {
  $("words-note").hidden = false;
  showText($("words-note"), key, ...values);
  $("weights").hidden = true;
  $("explain-now").hidden = true;
}

function clearWords() {
  painted = { value: text.value, words: [] };
  paintWords($("marks"), text.value, []);
}

/** The labels to explain, first the one whose words are coloured; `undefined` is the most probable one. */
const explained = () => shown.view.explained?.() ?? [undefined];

/** Removes the colours of an earlier explanation, and the progress of one that was aborted. */
function clearExplanation() {
  showProgress();
  clearWords();
}

/** Explains the displayed prediction and colours the words, unless that is off or the text has several windows. */
async function explainShown(signal, requested = false) {
  if (!$("explain").checked) return;
  const { prediction, milliseconds, task, view, words } = shown;
  if (!task.explains || prediction.windows.length > 1) {
    clearExplanation();
    return showNote(task.explains ? "why.long" : "why.cannot");
  }
  const labels = explained();
  const cost = milliseconds * prediction.tokens * labels.filter((label) => !words.has(label)).length;
  if (cost > AUTOMATIC_MS && !requested) {
    clearExplanation();
    $("words-note").hidden = $("weights").hidden = true;
    $("explain-now").hidden = false;
    showText($("explain-now"), "why.now", Math.ceil(cost / 1000));
    return;
  }
  for (const label of labels) {
    const found = words.get(label) ?? (await explain(label, signal));
    if (signal.aborted) return;
    words.set(label, found);
    if (label === labels[0]) showWords(label, found);
    view.showWords?.(label, found);
  }
  showProgress();
}

/** The words of the displayed text, for a label or for the most probable one. */
async function explain(label, signal) {
  const { value, task } = shown;
  const start = performance.now();
  lastUse.delete(task);
  const { attributions } = await task.classifier.predict(inputOf(task, value), {
    ...task.options(),
    signal,
    explain: { label },
    onProgress: ({ done, total }) => {
      if (signal.aborted || performance.now() - start < PAUSE_MS) return;
      showNote("why.working", done, total);
      showProgress(done, total);
    },
  });
  lastUse.set(task, performance.now());
  return attributions;
}

/** Colours the words in the text, and lists them unless the view does. */
function showWords(label, words) {
  const { value, info, view } = shown;
  painted = { value, words };
  $("marks").dataset.tone = label === undefined ? $("test").dataset.tone : toneOf(label, info.labels);
  paintWords($("marks"), value, words);
  const items = view.showWords ? [] : wordItems(words);
  if (!view.showWords && items.length === 0) return showNote("why.even");
  $("words-note").hidden = $("explain-now").hidden = true;
  $("weights").hidden = items.length === 0;
  $("weights").replaceChildren(...items);
}

/** Classifies the changed text. `typed`: the visitor is typing, so a long text waits for a pause. */
function readChanged(typed) {
  const words = shiftWords(painted.words, painted.value, text.value);
  painted = { value: text.value, words };
  paintWords($("marks"), text.value, words);
  showText($("shared"));
  $("explain-now").hidden = true;
  isCurrent = false;
  clearTimeout(pending);
  if (typed && text.value.length > LONG) {
    reading.abort();
    pending = setTimeout(read, PAUSE_MS);
  } else {
    void read();
  }
}

export function fill(value) {
  text.value = value;
  readChanged(false);
}

text.addEventListener("input", () => readChanged(true));
text.addEventListener("scroll", () => ($("marks").scrollTop = text.scrollTop));
for (const field of ["pair", "choices"]) $(field).addEventListener("input", () => void read());

$("explain").addEventListener("change", () => {
  if ($("explain").checked) return void read();
  clearWords();
  showNote("why.idle");
  if (!isCurrent) return; // `read` will find that it is off
  restart();
  showProgress();
  shown.words.clear();
  showPrediction(false); // without the words below each label
});
$("explain-now").addEventListener("click", async () => {
  if (!isCurrent) return;
  const { signal } = reading;
  $("explain-now").hidden = true;
  $("words").focus({ preventScroll: true });
  await explainShown(signal, true).catch((error) => signal.aborted || fail(error));
});

onTask(() => {
  if (task()) showCode(task());
  clearWords();
  showNote("why.idle");
  void read();
});
onLanguage(() => {
  if (shown && $("test").dataset.state === "result") showPrediction();
});
