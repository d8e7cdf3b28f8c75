// The part "Speed": runs the project's benchmark in the visitor's browser, and shows the published times of the peers.
import { check, LENGTHS, textOf, time } from "./benches/measure.mjs";
import { isBusy } from "./busy.js";
import { $, make, moveFocus } from "./dom.js";
import { figure, onLanguage, showText, t } from "./language.js";
import { createClassifier } from "./litmus-text/dist/index.js";
import { showRunning } from "./running.js";

let published; // median times in ms by length and contender, with machine and versions; `npm run bench:peers -- --site` writes them
let stop = new AbortController();
let measured = {}; // median in milliseconds by number of tokens

/** Measures the packaged model as benches/in-page.mjs does. */
async function measure(signal) {
  showText($("speed-status"), "load.fetching"); // it may be the first use of the English model
  const classifier = await createClassifier({ cache: false, signal });
  const total = LENGTHS.reduce((sum, { tokens, runs }) => sum + tokens * runs, 0);
  let done = 0;
  try {
    for (const { tokens, runs } of LENGTHS) {
      showText($("speed-status"), "speed.running", tokens);
      const text = await textOf(tokens, async (text) => (await classifier.tokenize(text)).ids.length);
      const ms = await time(
        runs,
        () => classifier.predict(text),
        () => {
          signal.throwIfAborted();
          done += (tokens * runs) / (runs + Math.ceil(runs / 4));
          $("speed-progress").value = done / total;
        },
      );
      check((await classifier.predict(text)).tokens === tokens, `not ${tokens} tokens`);
      measured = { ...measured, [tokens]: ms };
      await draw();
    }
  } finally {
    classifier.close();
  }
}

/** Draws a chart for each length: the peers' times as multiples of ours on the published machine, and our time here. */
async function draw() {
  published ??= await (await fetch("peers.json")).json();
  const { machine, browser, versions, ms } = published;
  const charts = Object.entries(ms).map(([tokens, { ours, ...peers }]) => {
    const longest = Math.max(...Object.values(peers)) / ours;
    const bar = (name, ratio, value) => {
      const row = make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value }));
      row.style.setProperty("--score", ratio / longest);
      if (ratio === 1) row.dataset.tone = "positive";
      return row;
    };
    const here = measured[tokens];
    const rows = Object.entries(peers).map(([name, each]) =>
      bar(name, each / ours, t("speed.times", (each / ours).toFixed(1))),
    );
    return make(
      "figure",
      {},
      make("figcaption", { textContent: t("speed.tokens", tokens) }),
      make(
        "p",
        { className: "here" },
        make("strong", { textContent: t("speed.ms", here ? figure(here) : "–") }),
        ` ${t("speed.you")}`,
      ),
      make("dl", { className: "bars" }, bar(t("speed.ours"), 1, t("speed.times", 1)), ...rows),
    );
  });
  $("speed-charts").replaceChildren(...charts);
  const shown = Object.entries(versions)
    .map((each) => each.join(" "))
    .join(", ");
  const relation = measured[32] ? t("speed.relation", figure(measured[32] / ms[32].ours)) : "";
  $("speed-machine").textContent = t("speed.machine", machine, browser, shown) + relation;
}

/** Draws the charts, or says why they are missing: they are drawn after the next measurement. */
const tryToDraw = () => draw().catch((error) => showText($("speed-status"), "job.failed", error.message));

$("speed-start").addEventListener("click", async () => {
  if (isBusy()) return showText($("speed-status"), "model.busy"); // it would be slower, and so would the other job
  stop = new AbortController();
  const { signal } = stop;
  showRunning("speed", true);
  $("speed-stop").focus({ preventScroll: true });
  try {
    await measure(signal);
    showText($("speed-status"), "speed.done");
  } catch (error) {
    if (signal.aborted) showText($("speed-status"));
    else showText($("speed-status"), "job.failed", error.message);
  }
  showRunning("speed", false);
  moveFocus($("speed"), $("speed-start"));
});
$("speed-stop").addEventListener("click", () => stop.abort());
onLanguage(tryToDraw);
void tryToDraw();
