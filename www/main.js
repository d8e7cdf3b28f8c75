import { createClassifier } from "./litmus-text/dist/index.js";

/** Milliseconds without a key press before the text is read. */
const DEBOUNCE_MS = 120;
/** Milliseconds of rest before a screen reader is told, so that it does not chatter. */
const ANNOUNCE_MS = 900;

const $ = (id) => document.getElementById(id);
const text = $("text");
const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

let classifier;
let pending = 0; // the debounce timer
let announcing = 0; // the announcement timer

/** Shows one of the four states of the reading. */
function show(state) {
  for (const each of ["loading", "failure", "result", "idle"]) $(each).hidden = each !== state;
  $("test").dataset.state = state;
}

/** The files load side by side: the bar shows their sum. */
function progressBar() {
  const files = new Map();
  return ({ file, loaded, total }) => {
    files.set(file, { loaded, total });
    const all = [...files.values()];
    const sum = all.reduce((bytes, each) => bytes + each.loaded, 0);
    const known = all.every((each) => each.total !== null);
    const size = known ? all.reduce((bytes, each) => bytes + each.total, 0) : 0;
    if (known) {
      $("progress").max = size || 1;
      $("progress").value = sum;
    } else {
      $("progress").removeAttribute("value");
    }
    $("progress-text").textContent =
      known && sum === size ? "Preparing the model" : `Fetching the model: ${megabytes(sum)}${known ? ` of ${megabytes(size)}` : ""} MB`;
  };
}

async function load() {
  $("progress").removeAttribute("value");
  $("progress-text").textContent = "Fetching the model";
  show("loading");
  try {
    classifier = await createClassifier({ onProgress: progressBar() });
    document.documentElement.dataset.ready = "";
    await read();
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  $("failure-text").textContent = `${error.message} (${error.code ?? error.name})`;
  show("failure");
}

/** Classifies what the box holds now. */
async function read() {
  const value = text.value;
  if (!classifier) return;
  if (value.trim() === "") {
    announce("");
    show("idle");
    return;
  }
  try {
    const start = performance.now();
    const prediction = await classifier.predict(value);
    const milliseconds = performance.now() - start;
    // The latest text wins: it may have changed meanwhile.
    if (text.value === value) display(value, prediction, milliseconds);
  } catch (error) {
    if (error.code === "empty-text") show("idle");
    else fail(error);
  }
}

function display(value, { label, score, scores, tokens, windows }, milliseconds) {
  $("test").dataset.label = label;
  $("test").style.setProperty("--score", score);
  $("verdict").textContent = label;
  $("confidence").textContent = percent.format(score);
  bars(scores);
  $("facts").textContent = `${tokens} tokens · ${milliseconds.toFixed(1)} ms`;
  $("parts").hidden = windows.length === 1;
  $("parts").textContent = `Read in ${windows.length} parts: at once the model takes ${classifier.info.maxTokens} tokens.`;
  $("code-text").textContent = JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  $("code-result").textContent = `// ${label}, ${score.toFixed(3)}`;
  show("result");
  announce(`${label}, ${percent.format(score)}`);
}

/** One bar per label, in the model's order, so that they do not jump about. */
function bars(scores) {
  const list = $("bars");
  if (list.childElementCount !== classifier.labels.length) {
    list.replaceChildren(...classifier.labels.map(bar));
  }
  for (const { label, score } of scores) {
    const row = list.children[classifier.labels.indexOf(label)];
    row.style.setProperty("--score", score);
    row.querySelector("dd").textContent = percent.format(score);
  }
}

function bar(label) {
  const row = document.createElement("div");
  const name = document.createElement("dt");
  const value = document.createElement("dd");
  row.dataset.label = label;
  name.textContent = label;
  row.append(name, value);
  return row;
}

function announce(message) {
  clearTimeout(announcing);
  announcing = setTimeout(() => ($("announcement").textContent = message), ANNOUNCE_MS);
}

text.addEventListener("input", () => {
  clearTimeout(pending);
  pending = setTimeout(read, DEBOUNCE_MS);
});
$("examples").addEventListener("click", ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return;
  text.value = target.textContent;
  read();
});
$("retry").addEventListener("click", load);

load();
