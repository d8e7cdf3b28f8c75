// What was taught: how good it is, which examples to look at again, a text to try it, its file, and the code that uses it.
import { codeOfClassifier } from "./code.js";
import { $, announce, make, TYPING_MS } from "./dom.js";
import { nameOf, scoreText } from "./labels.js";
import { count, onLanguage, percent, showText, t } from "./language.js";
import { onModel } from "./model.js";
import { textLanguage } from "./packaged.js";
import { saveFile } from "./save-file.js";
import { chooseTask } from "./task.js";
import { onTaught, taught } from "./taught.js";
import { addExample, oneLine, readCards, removeExample } from "./teach-cards.js";
import { bars } from "./view-bars.js";

/** Maximum number of suspect examples listed. */
const MAX_SUSPECTS = 20;
const FILE = "labels.head";
const READ_HEAD = `const file = await fetch("${FILE}");
const head = new Uint8Array(await file.arrayBuffer());
`;

let report; // of the head in use, without the suspect examples that the visitor has looked at; `null` if the head came from a file
let trying = new AbortController();

/** Shows the head in use with its report. Without a head, the report is hidden. */
function show() {
  report = taught()?.report ?? null;
  draw();
  void tryIt();
}

function draw() {
  const own = taught();
  $("teach-result").hidden = !own;
  if (!own) return;
  const measured = report && report.accuracy !== null;
  $("teach-accuracy").hidden = !report;
  $("teach-accuracy").textContent = measured
    ? t("teach.accuracy", percent(report.accuracy), count(report.validated))
    : t("teach.unmeasured");
  $("teach-matrix-figure").hidden = !measured;
  if (measured) drawMatrix(report);
  drawSuspects();
  $("teach-code").textContent =
    `${codeOfClassifier(["head"], READ_HEAD)}const { label } = await classifier.predict("…");\n`;
}

/** Draws the confusion matrix. Each row has the examples of one label; the colour of a cell shows what fraction of them it has. */
function drawMatrix({ labels, confusion }) {
  const names = labels.map(({ label }) => label);
  const heads = names.map((name) => make("th", { scope: "col" }, make("span", { textContent: name })));
  const lines = confusion.map((row, i) => {
    const total = Math.max(
      1,
      row.reduce((sum, value) => sum + value, 0),
    );
    const cells = row.map((value, j) => {
      const cell = make("td", { textContent: value || "", title: t("teach.cell", names[i], names[j], count(value)) });
      cell.dataset.tone = i === j ? "positive" : "negative";
      cell.style.setProperty("--share", value / total);
      return cell;
    });
    return make("tr", {}, make("th", { scope: "row", textContent: names[i] }), ...cells);
  });
  $("teach-matrix").replaceChildren(
    make("thead", {}, make("tr", {}, make("td"), ...heads)),
    make("tbody", {}, ...lines),
  );
}

/** Examples that look like another label, and texts that are examples of two. */
function drawSuspects() {
  const twice = new Set(report?.contradictions.map(({ text }) => text));
  const found = [
    ...(report?.contradictions ?? []).map(({ text, labels }) => ({
      text,
      labels,
      why: t("teach.twice", labels.join(t("comma"))),
      choices: labels,
    })),
    ...(report?.suspects ?? [])
      .filter(({ text }) => !twice.has(text))
      .map(({ text, label, predicted, score }) => ({
        text,
        labels: [label],
        why: t("teach.looks", label, predicted, percent(score)),
        choices: [predicted],
      })),
  ];
  const items = found.filter(({ text }) => text !== null).slice(0, MAX_SUSPECTS);
  $("teach-suspect").hidden = items.length === 0;
  $("teach-suspect-list").replaceChildren(...items.map(suspectItem));
}

function suspectItem({ text, labels, why, choices }) {
  const item = make(
    "li",
    {},
    make("blockquote", { textContent: text, lang: textLanguage() }),
    make("p", { className: "note", textContent: why }),
  );
  const buttons = choices.map((label) => makeButton(t("teach.move", label), () => move(text, labels, label)));
  item.append(
    make(
      "p",
      { className: "row" },
      ...buttons,
      makeButton(t("teach.fine"), () => {}),
    ),
  );
  item.addEventListener("click", ({ target }) => target.closest("button") && dismiss(item, text));
  return item;
}

const makeButton = (textContent, onclick) => make("button", { type: "button", textContent, onclick });

/** Makes a text an example of one label. A label whose card is gone is left out. */
function move(text, from, to) {
  const cards = readCards();
  const has = (name) => cards.find((each) => each.name === name)?.texts.includes(oneLine(text));
  for (const name of from) if (name !== to && has(name)) removeExample(name, text);
  if (!has(to) && cards.some(({ name }) => name === to)) addExample(to, text);
}

function dismiss(item, text) {
  const at = [...item.parentElement.children].indexOf(item);
  const without = (list) => list.filter((each) => each.text !== text);
  report = { ...report, suspects: without(report.suspects), contradictions: without(report.contradictions) };
  taught().report = report; // what is shown after a change of the language or of the model, and what is kept
  drawSuspects(); // of more than MAX_SUSPECTS, the next ones
  const items = $("teach-suspect-list").children;
  (items[Math.min(at, items.length - 1)]?.querySelector("button") ?? $("teach-start")).focus();
}

/** Predicts the text in the box. The latest text wins. */
async function tryIt() {
  trying.abort();
  trying = new AbortController();
  const { signal } = trying;
  const own = taught();
  const text = $("teach-try").value;
  try {
    const isEmpty = !own || text.trim() === "";
    const prediction = isEmpty ? undefined : await own.classifier.predict(text, { signal });
    if (!signal.aborted) showTrial(prediction);
  } catch (error) {
    if (signal.aborted) return;
    showTrial();
    showText($("teach-said"), "job.failed", error.message);
  }
}

/** Shows a prediction in words and with a bar for each label; without one, nothing. */
function showTrial(prediction) {
  $("teach-bars").hidden = !prediction;
  showText($("teach-said"));
  if (!prediction) return;
  const { label, score, scores } = prediction;
  const { info } = taught().classifier;
  if (label === null) showText($("teach-said"), "taught.other");
  else $("teach-said").textContent = `${nameOf(label)}, ${scoreText(score, info)}`;
  announce($("teach-said").textContent, TYPING_MS);
  const texts = scores.map((each) => [each.label, scoreText(each.score, info)]);
  bars($("teach-bars"), scores, info.labels, Object.fromEntries(texts));
  for (const row of $("teach-bars").children)
    row.classList.toggle("best", label !== null && row.querySelector("dt").textContent === nameOf(label));
}

$("teach-try").addEventListener("input", () => void tryIt());
$("teach-above").addEventListener("click", () => chooseTask("taught"));
$("teach-download").addEventListener("click", () => saveFile(new Blob([taught().head]), FILE));
onTaught(show);
onModel(show);
onLanguage(show);
show();
