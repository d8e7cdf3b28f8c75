// Starts the page: the model first, then what can wait for it.
import { $ } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { model, usePackaged } from "./model.js";
import { startCounting } from "./network.js";
import { keep, leftText } from "./offline.js";
import "./drop.js";
import "./share.js";
import "./speed.js";
import { fail, fill, show } from "./try.js";

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** The files load side by side: the bar shows their sum. */
function progressBar() {
  const files = new Map();
  return ({ file, loaded, total }) => {
    files.set(file, { loaded, total });
    const all = [...files.values()];
    const sum = all.reduce((bytes, each) => bytes + each.loaded, 0);
    const known = all.every((each) => each.total !== null);
    const size = known ? all.reduce((bytes, each) => bytes + each.total, 0) : 0;
    if (known) Object.assign($("progress"), { max: size || 1, value: sum });
    else $("progress").removeAttribute("value");
    $("progress-text").textContent =
      known && sum === size ? t("load.preparing") : t("load.bytes", megabytes(sum), known && megabytes(size));
  };
}

async function load() {
  $("progress").removeAttribute("value");
  $("progress-text").textContent = t("load.fetching");
  show("loading");
  try {
    await usePackaged(progressBar());
    document.documentElement.dataset.ready = "";
    startCounting();
    // A browser that refuses to keep anything shows the page all the same.
    await keep().catch((error) => console.warn(error));
  } catch (error) {
    fail(error);
  }
}

$("retry").addEventListener("click", load);
onLanguage(() => model() || ($("progress-text").textContent = t("load.fetching")));

const left = leftText();
if (left) fill(left);
void load();
