// Long texts: a bar for each passage (window) of the text, and the selected passage with its words coloured.
import { $, make } from "./dom.js";
import { nameOf, scoreText, toneOf } from "./labels.js";
import { onLanguage, showText, t } from "./language.js";
import { inputOf } from "./try.js";
import { paintWords, wordItems } from "./words.js";

/** Milliseconds that a passage must stay selected before its explanation is computed. */
const PAUSE_MS = 300;

let now; // { value, windows, task, info }
let explaining = new AbortController();

export function hidePassages() {
  explaining.abort();
  now = undefined;
  $("passages").hidden = true;
}

/** `task`: the task that was predicted, with the `info` of its labels. */
export function showPassages(value, windows, task, info) {
  now = { value, windows, task, info };
  showTitle();
  $("heat").replaceChildren(...windows.map(makeColumn));
  // Select the passage with the highest score first.
  const surest = windows.reduce(
    (best, { scores }, i) => (scores[0].score > windows[best].scores[0].score ? i : best),
    0,
  );
  Object.assign($("passage"), { max: windows.length - 1, value: surest });
  $("passages").hidden = false;
  showPassage();
}

/** Only a sentiment has two directions. */
function showTitle() {
  const directed = now.info.labels.includes("positive") && now.info.labels.includes("negative");
  $("passages-title").textContent = t(directed ? "long.title" : "long.any");
}

/** Bars of positive passages point up, of negative ones down, others are centred: the colour is not the only sign. */
function makeColumn({ scores: [{ label, score }] }) {
  const element = make("span", {}, make("i"));
  element.dataset.tone = toneOf(label, now.info.labels);
  element.style.setProperty("--score", Math.min(1, Math.abs(score)));
  return element;
}

function showPassage() {
  const { value, windows, info } = now;
  const i = $("passage").valueAsNumber;
  const { start, end, scores } = windows[i];
  for (const [at, each] of [...$("heat").children].entries()) each.classList.toggle("chosen", at === i);
  showVerdict(i);
  $("passages").dataset.tone = toneOf(scores[0].label, info.labels);
  const passage = value.slice(start, end);
  paintWords($("passage-text"), passage, []);
  void explainPassage(passage);
}

function showVerdict(i) {
  const { windows, info } = now;
  const [{ label, score }] = windows[i].scores;
  const verdict = t("long.verdict", i + 1, windows.length, nameOf(label), scoreText(score, info));
  $("passage-verdict").textContent = verdict;
  $("passage").ariaValueText = verdict;
}

async function explainPassage(passage) {
  explaining.abort();
  explaining = new AbortController();
  const { signal } = explaining;
  showText($("passage-note"));
  $("passage-weights").replaceChildren();
  const { task } = now;
  if (!$("explain").checked || !task.explains) return;
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  if (signal.aborted) return;
  try {
    const onProgress = ({ done, total }) => {
      if (!signal.aborted) showText($("passage-note"), "why.working", done, total);
    };
    const options = { ...task.options(), explain: true, signal, onProgress };
    const { attributions } = await task.classifier.predict(inputOf(task, passage), options);
    paintWords($("passage-text"), passage, attributions);
    const items = wordItems(attributions);
    showText($("passage-note"), items.length ? undefined : "why.even");
    $("passage-weights").replaceChildren(...items);
  } catch (error) {
    // An abort is expected: another passage was selected. Any other error is shown.
    if (!signal.aborted) $("passage-verdict").textContent = error.message;
  }
}

$("passage").addEventListener("input", showPassage);
$("heat").addEventListener("pointerdown", ({ target }) => {
  const i = [...$("heat").children].indexOf(target.closest("span"));
  if (i < 0) return;
  $("passage").value = i;
  showPassage();
});
$("explain").addEventListener("change", () => now && showPassage());
onLanguage(() => {
  if (!now) return;
  showTitle();
  showVerdict($("passage").valueAsNumber);
});
