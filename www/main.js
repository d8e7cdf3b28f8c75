// Starts the page: loads the model first, then what is not needed for the first prediction.
import { $ } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { model, usePackaged } from "./model.js";
import { startCounting } from "./network.js";
import { keep, leftText } from "./offline.js";
import "./drop.js";
import "./parts.js";
import { linkHasHead } from "./share.js";
import { restoreTaught } from "./taught-store.js";
import { fail, fill, show } from "./try.js";

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** Returns a listener for download progress. Files download in parallel; the bar shows the sum of their bytes. */
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
    if (!linkHasHead()) void restoreTaught();
    // Without a service worker or storage the page works, but not offline.
    await keep().catch((error) => console.warn(error));
  } catch (error) {
    fail(error);
  }
}

$("retry").addEventListener("click", load);
onLanguage(() => {
  if (!model()) $("progress-text").textContent = t("load.fetching");
});

const left = leftText();
if (left) fill(left);
void load();
