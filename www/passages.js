// A long text as a strip of its passages, warm and cold, and the words of the one that is chosen.
import { $, make } from "./dom.js";
import { nameOf, toneOf } from "./labels.js";
import { onLanguage, percent, t } from "./language.js";
import { named, paint } from "./words.js";

/** Milliseconds of rest before the words of a passage are weighed. */
const REST_MS = 300;

let now; // { value, windows, classifier }
let weighing = new AbortController();

export function hidePassages() {
  weighing.abort();
  now = undefined;
  $("passages").hidden = true;
}

export function showPassages(value, windows, classifier) {
  now = { value, windows, classifier };
  $("heat").replaceChildren(...windows.map(column));
  // The one that is furthest from lukewarm is worth seeing first.
  const surest = windows.reduce((best, { scores }, i) => (scores[0].score > windows[best].scores[0].score ? i : best), 0);
  Object.assign($("passage"), { max: windows.length - 1, value: surest });
  $("passages").hidden = false;
  choose();
}

/** Positive ones rise, negative ones hang, others stay in the middle: the shape says what the colour says. */
function column({ scores: [{ label, score }] }) {
  const element = make("span", {}, make("i"));
  element.dataset.tone = toneOf(label, now.classifier.labels);
  element.style.setProperty("--score", score);
  return element;
}

function choose() {
  const { value, windows, classifier } = now;
  const i = $("passage").valueAsNumber;
  const { start, end, scores } = windows[i];
  for (const [at, each] of [...$("heat").children].entries()) each.classList.toggle("chosen", at === i);
  say(i);
  $("passages").dataset.tone = toneOf(scores[0].label, classifier.labels);
  const passage = value.slice(start, end);
  paint($("passage-text"), passage, []);
  void weigh(passage);
}

function say(i) {
  const { windows } = now;
  const [{ label, score }] = windows[i].scores;
  const verdict = t("long.verdict", i + 1, windows.length, nameOf(label), percent(score));
  $("passage-verdict").textContent = verdict;
  $("passage").ariaValueText = verdict;
}

async function weigh(passage) {
  weighing.abort();
  const { signal } = (weighing = new AbortController());
  $("passage-note").textContent = "";
  $("passage-weights").replaceChildren();
  if (!$("explain").checked) return;
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  if (signal.aborted) return;
  try {
    const onProgress = ({ done, total }) => {
      if (!signal.aborted) $("passage-note").textContent = t("why.working", done, total);
    };
    const { attributions } = await now.classifier.predict(passage, { explain: true, signal, onProgress });
    paint($("passage-text"), passage, attributions);
    $("passage-note").textContent = "";
    $("passage-weights").replaceChildren(...named(attributions));
  } catch (error) {
    // Given up, or the classifier has failed: the next reading says so.
    if (!signal.aborted) $("passage-verdict").textContent = error.message;
  }
}

$("passage").addEventListener("input", choose);
$("heat").addEventListener("pointerdown", ({ target }) => {
  const i = [...$("heat").children].indexOf(target.closest("span"));
  if (i < 0) return;
  $("passage").value = i;
  choose();
});
$("explain").addEventListener("change", () => now && choose());
onLanguage(() => now && say($("passage").valueAsNumber));
