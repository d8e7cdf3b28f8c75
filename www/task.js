// What the text is read for: a task of the model, the visitor's own labels, or labels for zero-shot classification. One
// is chosen by a tab.
import { $, make } from "./dom.js";
import { has, onLanguage, t } from "./language.js";
import { isAwaited, model, onModel } from "./model.js";
import { onTaught, taught } from "./taught.js";

/** A text that is predicted only to load the head of a task, or to learn its labels. */
export const ANY_TEXT = "a";
/** The packaged models' own labels, for which they need no head. */
const DEFAULT = "sentiment";
/** The views of the packaged models' tasks. All others are shown as bars. */
const VIEWS = { emotion: "emotions", toxicity: "gauges" };
/** What an NLI model calls a hypothesis that follows from the text. */
const ENTAILMENT = /^entail/i;

let selected = $("tasks").querySelector("[aria-selected=true]").dataset.task;
let tasks = [];
const listeners = [];

/** The chosen task, once there is a model; of a model that does not have it, the first. */
export const task = () => tasks.find(({ id }) => id === selected) ?? tasks[0];
/** The tasks of the model in use. */
export const allTasks = () => tasks;
export const onTask = (listener) => void listeners.push(listener);

const headers = new Map();

/** The header of a head of a packaged model, which has the thresholds of its labels. */
function packagedHeader(path) {
  const load = async () => {
    const { headerOf } = await import("./head-file.js");
    const response = await fetch(new URL(`./litmus-text/models/${path}.head`, import.meta.url));
    if (!response.ok) throw new Error(`${path}.head: status ${response.status}`);
    return headerOf(new Uint8Array(await response.arrayBuffer()));
  };
  const kept = headers.get(path) ?? load();
  headers.set(path, kept);
  kept.catch(() => headers.delete(path));
  return kept;
}

/**
 * The tasks of the model in use. Each has the `classifier`, and the `head` of one that was taught; `options` of its predictions;
 * `info`, called with a prediction and its options, which resolves to its labels, activation and thresholds; its `view`; `field`, where the visitor has to type more than the text; `explains`,
 * whether its predictions can be explained; `combines`, whether several such are predicted in one pass; and its `source`,
 * "packaged", "own" or "taught".
 */
function tasksOf({ classifier, packaged }) {
  const { info } = classifier;
  const source = packaged ? "packaged" : "own";
  const base = { source, classifier, options: () => ({}), info: async () => info, explains: true };
  const found = [];
  if (packaged) {
    for (const id of info.tasks) found.push(packagedTask(packaged, id, base));
  } else {
    const reads = info.labels.some((label) => ENTAILMENT.test(label));
    found.push({ ...base, id: "own", field: reads ? "pair" : undefined });
    if (reads) found.push(zeroShot(base));
    for (const id of info.tasks) {
      found.push({ ...base, id, combines: true, options: () => ({ task: id }), info: labelsLater });
    }
  }
  const own = taught();
  if (own) {
    const { classifier, head } = own;
    found.push({ ...base, id: "taught", source: "taught", classifier, head, info: async () => classifier.info });
  }
  return found;
}

function packagedTask(model, id, base) {
  if (id === DEFAULT) return { ...base, id, combines: true };
  const info = async () => ({ ...(await packagedHeader(`${model}/heads/${id}`)), activation: "sigmoid" });
  return { ...base, id, combines: true, options: () => ({ task: id }), info, view: VIEWS[id] };
}

/** The labels that the visitor types, scored by a model for natural language inference. */
function zeroShot(base) {
  const labels = () =>
    [
      ...new Set(
        $("choices")
          .value.split(/[,，;；\n]/)
          .map((label) => label.trim()),
      ),
    ].filter(Boolean);
  return {
    ...base,
    id: "zero-shot",
    field: "choices",
    explains: false,
    options: () => ({ zeroShot: { labels: labels() } }),
    info: async (_, { zeroShot }) => ({ labels: zeroShot.labels, activation: "softmax" }),
  };
}

/** The labels of a model's own head are not known before its first prediction. */
const labelsLater = async ({ scores, labels }) => ({
  labels: scores.map(({ label }) => label).sort(),
  activation: labels ? "sigmoid" : "softmax",
});

/** The name of a task, as its tab shows it. */
export const taskName = (id) => (has(`task.${id}`) ? t(`task.${id}`) : id);

/** Chooses a task. One that the model does not have is ignored, unless another model is being loaded. */
export function chooseTask(id) {
  const isKnown = tasks.length === 0 || isAwaited() || tasks.some((each) => each.id === id);
  if (id === selected || !isKnown) return;
  selected = id;
  draw();
  for (const listener of listeners) listener();
}

/** The tabs, the chosen of which is in the tab order. */
function draw() {
  const now = task()?.id ?? selected;
  for (const tab of $("tasks").children) {
    const chosen = tab.dataset.task === now;
    tab.ariaSelected = String(chosen);
    tab.tabIndex = chosen ? 0 : -1;
    tab.textContent = taskName(tab.dataset.task);
  }
  $("reading").setAttribute("aria-labelledby", `task-${now}`);
  for (const field of ["pair", "choices"]) $(`${field}-field`).hidden = task()?.field !== field;
}

/** Lists the tasks again: the model, or the labels that were taught, have changed. */
function list() {
  tasks = tasksOf(model());
  const ids = tasks.map(({ id }) => id);
  if (ids.join() !== Array.from($("tasks").children, ({ dataset }) => dataset.task).join()) {
    const tabs = ids.map((id) => {
      const tab = make("button", { type: "button", role: "tab", id: `task-${id}` });
      tab.setAttribute("aria-controls", "reading");
      tab.dataset.task = id;
      return tab;
    });
    $("tasks").replaceChildren(...tabs);
  }
  $("tasks").hidden = ids.length === 1;
  draw();
  for (const listener of listeners) listener();
}

$("tasks").addEventListener("click", ({ target }) => target.dataset.task && chooseTask(target.dataset.task));
$("tasks").addEventListener("keydown", (event) => {
  const tabs = [...$("tasks").children];
  const at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const tab = tabs.at(to % tabs.length);
  chooseTask(tab.dataset.task);
  tab.focus();
});
onModel(list);
onTaught(list);
onLanguage(draw);
