// The part "Try it": classifies the text as it is typed, then explains the prediction word by word.
import { batch, passage } from "./benches/texts.mjs";
import { $, make } from "./dom.js";
import { areValues, nameOf, scoreText, toneOf } from "./labels.js";
import { onLanguage, t } from "./language.js";
import { model, onModel } from "./model.js";
import { hidePassages, showPassages } from "./passages.js";
import { kept, named, paint } from "./words.js";

/** Milliseconds without typing before the explanation is computed, which costs one prediction per word. */
const PAUSE_MS = 250;
/** An explanation estimated to take longer than this many milliseconds is computed only on request. */
const AUTOMATIC_MS = 4000;
/** Characters: a longer text is not classified at every keystroke, but after a pause. */
const LONG = 1500;
/** Milliseconds without a new result before it is announced to screen readers: not at every keystroke. */
const ANNOUNCE_MS = 900;
/** Maximum number of bars: a model with more labels shows the most probable ones. */
const MAX_BARS = 6;

const text = $("text");
let announcing = 0; // timer of the announcement
let pending = 0; // timer before a long text is classified
let reading = new AbortController(); // aborts the running prediction or explanation
let shown; // the displayed result: { value, prediction, milliseconds }
let painted = { value: "", words: [] };

/** Shows one of the four states: loading, failure, result, idle. */
export function show(state) {
  for (const each of ["loading", "failure", "result", "idle"]) $(each).hidden = each !== state;
  $("test").dataset.state = state;
}

export function fail(error) {
  work();
  $("failure-text").textContent = `${error.message} (${error.code ?? error.name})`;
  show("failure");
}

/** Shows the progress bar; hides it when called without arguments. */
function work(done, total) {
  $("work").classList.toggle("at-work", total > 0);
  if (total > 0) Object.assign($("work"), { max: total, value: done });
}

const wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    setTimeout(resolve, ms);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

/** Classifies the text in the box. Aborts the call before it: the latest text wins. */
export async function read() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  const now = model();
  if (!now) return;
  const value = text.value;
  work();
  if (value.trim() === "") return empty();
  const onProgress = ({ done, total }) => {
    if (signal.aborted || total === 1) return;
    $("facts").textContent = t("try.reading", Math.min(done + 1, total), total);
    work(done, total);
  };
  try {
    const start = performance.now();
    const long = value.length > LONG;
    const prediction = await now.classifier.predict(value, { signal, onProgress: long ? onProgress : undefined });
    const milliseconds = performance.now() - start;
    if (signal.aborted) return;
    work();
    shown = { value, prediction, milliseconds };
    display();
    if (prediction.windows.length > 1) showPassages(value, prediction.windows, now.classifier);
    else hidePassages();
    await wait(PAUSE_MS, signal);
    await weigh(signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error.code === "empty-text") empty();
    else fail(error);
  }
}

function empty() {
  shown = undefined;
  clear();
  hidePassages();
  announce("");
  show("idle");
  note("why.idle");
}

function display() {
  const { value, prediction, milliseconds } = shown;
  const { label, score, scores, tokens, windows, warnings } = prediction;
  const { classifier } = model();
  $("test").dataset.tone = toneOf(label, classifier.labels);
  const { info } = classifier;
  $("test").style.setProperty("--score", label === null || areValues(info) ? 0 : score);
  $("verdict").textContent = nameOf(label);
  $("confidence").textContent = label && scoreText(score, info);
  $("bars").classList.toggle("values", areValues(info));
  const texts = scores.map((each) => [each.label, scoreText(each.score, info)]);
  bars($("bars"), scores, classifier.labels, Object.fromEntries(texts));
  $("facts").textContent = t("try.facts", tokens, milliseconds.toFixed(1));
  $("parts").hidden = windows.length === 1;
  $("parts").textContent = t("try.parts", windows.length, classifier.info.maxTokens);
  $("warning").hidden = warnings.length === 0;
  $("warning").textContent = t("try.unknown");
  $("code-text").textContent = JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  $("code-result").textContent = `// ${label}, ${score.toFixed(3)}`;
  show("result");
  announce(`${nameOf(label)}, ${$("confidence").textContent}`);
}

/** One bar per label with its text, in the model's order, so that bars keep their position while the text changes. */
export function bars(list, scores, labels, texts) {
  const rows = labels.length > MAX_BARS ? scores.slice(0, MAX_BARS).map(({ label }) => label) : labels;
  const key = rows.join("\n");
  if (list.dataset.rows !== key) {
    list.replaceChildren(...rows.map((label) => bar(label, labels)));
    list.dataset.rows = key;
  }
  for (const { label, score } of scores) {
    const row = list.children[rows.indexOf(label)];
    if (!row) continue;
    row.style.setProperty("--score", score);
    row.querySelector("dt").textContent = nameOf(label);
    row.querySelector("dd").textContent = texts[label];
  }
}

function bar(label, labels) {
  const row = make("div", {}, make("dt"), make("dd"));
  row.dataset.tone = toneOf(label, labels);
  return row;
}

/** Shows a note under the text: why no word is coloured, or the progress. */
function note(key, ...values) {
  $("words-note").hidden = false;
  $("words-note").textContent = t(key, ...values);
  $("weights").hidden = true;
  $("explain-now").hidden = true;
}

function clear() {
  painted = { value: text.value, words: [] };
  paint($("marks"), text.value, []);
}

/** Explains the displayed prediction and colours the words, unless that is off or the text has several windows. */
async function weigh(signal, requested = false) {
  if (!$("explain").checked) return;
  const { value, prediction, milliseconds } = shown;
  if (prediction.windows.length > 1) return note("why.long");
  const cost = milliseconds * value.split(/\s+/).length;
  if (cost > AUTOMATIC_MS && !requested) {
    $("words-note").hidden = $("weights").hidden = true;
    $("explain-now").hidden = false;
    $("explain-now").textContent = t("why.now", Math.ceil(cost / 1000));
    return;
  }
  const start = performance.now();
  const { attributions } = await model().classifier.predict(value, {
    signal,
    explain: true,
    onProgress: ({ done, total }) => {
      if (signal.aborted || performance.now() - start < PAUSE_MS) return;
      note("why.working", done, total);
      work(done, total);
    },
  });
  if (signal.aborted) return;
  work();
  painted = { value, words: attributions };
  paint($("marks"), value, attributions);
  const items = named(attributions);
  if (items.length === 0) return note("why.even");
  $("words-note").hidden = $("explain-now").hidden = true;
  $("weights").hidden = false;
  $("weights").replaceChildren(...items);
}

function announce(message) {
  clearTimeout(announcing);
  announcing = setTimeout(() => ($("announcement").textContent = message), ANNOUNCE_MS);
}

/** Classifies the changed text. `typed`: the visitor is typing, so a long text waits for a pause. */
function changed(typed) {
  const words = kept(painted.words, painted.value, text.value);
  painted = { value: text.value, words };
  paint($("marks"), text.value, words);
  $("shared").textContent = "";
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
  changed(false);
}

text.addEventListener("input", () => changed(true));
text.addEventListener("scroll", () => ($("marks").scrollTop = text.scrollTop));

$("explain").addEventListener("change", () => {
  if ($("explain").checked) return void read();
  clear();
  note("why.idle");
});
$("explain-now").addEventListener("click", async () => {
  const { signal } = reading;
  await weigh(signal, true).catch((error) => signal.aborted || fail(error));
});
$("examples").addEventListener("click", ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return;
  if (target.id !== "long-example") return fill(target.textContent);
  fill(`${passage.trim().replaceAll("\n", " ")}\n\n${batch.join(" ")}`);
});

onModel(() => {
  clear();
  void read();
});
onLanguage(() => {
  if (shown && $("test").dataset.state === "result") display();
});
