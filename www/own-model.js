// The part "Your model": loads a model from the visitor's folder or from a URL, and shows its properties and speed, or why
// it cannot be used.
import { time } from "./benches/measure.mjs";
import { passage } from "./benches/texts.mjs";
import { isBusy } from "./busy.js";
import { $, announce, make } from "./dom.js";
import { areValues } from "./labels.js";
import { figure, has, onLanguage, showText, t } from "./language.js";
import { useOwn } from "./model.js";
import { LAYOUT } from "./model-layout.js";
import { countOfFrame } from "./network.js";
import { loadChosen } from "./packaged.js";

/** Texts that are timed and the runs of each: 12 and 108 words are about 16 and 128 tokens of an English vocabulary. */
const SAMPLES = [
  { words: 12, runs: 12 },
  { words: 108, runs: 6 },
];

let loading = new AbortController(); // of the latest load
let found; // the visitor's model in use: { name, info, bytes, loadMs, times }
let failed; // the error that is shown, or was shown last

/** Shows the progress or the failure of a load, or neither. The visitor's model in use is shown unless another one is loading. */
function show(id) {
  for (const each of ["model-loading", "model-failure"]) $(each).hidden = each !== id;
  $("model-result").hidden = !found || id === "model-loading";
}

/** Median time of a prediction for each sample, after warm-up runs. */
async function timesOf(classifier, signal) {
  const words = passage.trim().split(/\s+/);
  const times = [];
  for (const { words: count, runs } of SAMPLES) {
    const text = words.slice(0, count).join(" ");
    const { tokens } = await classifier.predict(text, { signal });
    const ms = await time(
      runs,
      () => classifier.predict(text),
      () => signal.throwIfAborted(),
    );
    times.push({ tokens, ms });
  }
  return times;
}

/**
 * Loads a model and switches to it. `get` resolves to `createClassifier`'s option `model`, the model's size, and, where
 * something must stay until the model is loaded, the function that then releases it.
 */
async function loadModel(name, get) {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  if (isBusy()) return showFailure({ code: "busy" });
  showProgress();
  show("model-loading");
  let source;
  let next;
  try {
    source = await get(signal);
    const { model, bytes } = source;
    const start = performance.now();
    let size = bytes;
    const onProgress = ({ file, loaded }) => {
      showProgress(file, loaded);
      if (file.endsWith(".onnx")) size = loaded; // the last report has all of it
    };
    await useOwn(name, { model, signal, onProgress }, async (classifier) => {
      const loadMs = performance.now() - start;
      next = {
        name: classifier.info.name ?? name,
        info: classifier.info,
        bytes: size,
        loadMs,
        times: await timesOf(classifier, signal),
      };
      signal.throwIfAborted();
    });
    found = next;
    showModel();
    show();
    announce(t("try.with", next.name));
  } catch (error) {
    if (signal !== loading.signal) return; // a newer load has replaced this one, and shows its own progress
    if (signal.aborted) show();
    else showFailure(error);
  } finally {
    source?.release?.();
  }
}

function showProgress(file, loaded) {
  if (file) showText($("model-progress-text"), "model.fetching", file, (loaded / 1e6).toFixed(1));
  else showText($("model-progress-text"), "model.loading");
}

function showFailure(error) {
  failed = error;
  const key = `model.error.${error.code}`;
  $("model-failure-text").textContent =
    error.code === "busy" ? t("model.busy") : t(has(key) ? key : "model.error.other");
  $("model-failure-detail").textContent = error.message ?? "";
  show("model-failure");
}

function showModel() {
  const { name, info, bytes, loadMs, times } = found;
  $("model-name").textContent = name;
  $("model-labels").replaceChildren(...info.labels.map((label) => make("li", { textContent: label })));
  const facts = [
    [t("model.kind"), !areValues(info) && t(info.multiLabel ? "model.any-of" : "model.one-of", info.labels.length)],
    [t("model.size"), bytes === undefined ? "" : t("model.bytes", bytes)],
    [t("model.reads"), t("model.tokens", info.maxTokens)],
    [t("model.load"), t("speed.ms", figure(loadMs))],
    ...times.map(({ tokens, ms }) => [t("model.ms", tokens), t("speed.ms", ms.toFixed(1))]),
  ].filter(([, value]) => value);
  const rows = facts.map(([key, value]) =>
    make("div", {}, make("dt", { textContent: key }), make("dd", { textContent: value })),
  );
  $("model-facts").replaceChildren(...rows);
  $("with").hidden = false;
  $("with").textContent = t("try.with", name);
}

/** Loads a model from files whose `webkitRelativePath` is set: those of a folder, or dropped files without one. */
function fromFiles(files) {
  const [folder] = /^[^/]*\//.exec(files[0]?.webkitRelativePath) ?? [""];
  const at = (path) => files.find((file) => file.webkitRelativePath === `${folder}${path}`);
  const graph = LAYOUT.model.map(at).find(Boolean);
  const name = folder.slice(0, -1) || t("model.unnamed");
  return loadModel(name, async () => ({ model: files, bytes: graph?.size }));
}

/** The files in a dropped folder. Dropped files have no `webkitRelativePath`, so it is set here. */
async function filesBelow(entry, path = "") {
  const here = `${path}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    Object.defineProperty(file, "webkitRelativePath", { value: here });
    return [file];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files.flat();
    files.push(...(await Promise.all(entries.map((each) => filesBelow(each, `${here}/`)))));
  }
}

/** The URL of the model's folder. The URL of a model's page on the Hugging Face hub becomes the URL of its files. */
function folderOf(address) {
  const url = new URL(address, document.baseURI);
  const hub = url.hostname === "huggingface.co" && /^(\/[^/]+\/[^/]+)(?:\/tree\/([^/]+))?\/?$/.exec(url.pathname);
  if (hub) url.pathname = `${hub[1]}/resolve/${hub[2] ?? "main"}/`;
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** The name of a model: that of its folder, or of its repository on the Hugging Face hub. */
function modelName({ pathname, host }) {
  const folders = pathname.replace(/\/resolve\/[^/]+\/$/, "").split("/");
  return decodeURIComponent(folders.filter(Boolean).at(-1) ?? host);
}

/** The size of a model's weights. */
const sizeOf = ({ model, data }) => [model, ...Object.values(data)].reduce((sum, { size }) => sum + size, 0);

/**
 * Fetches a model from another site in a sandboxed frame: this page's policy allows no requests to other sites.
 * The frame stays until `release`: the bytes of a posted Blob are still in the frame's process until the browser has
 * copied them, and a frame that is removed earlier makes the Blob unreadable.
 */
async function fetchElsewhere(folder, signal) {
  const frame = make("iframe", { src: "fetcher.html", hidden: true, title: t("net.frame") });
  frame.sandbox = "allow-scripts";
  const { port1, port2 } = new MessageChannel();
  const files = new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    port1.onmessage = ({ data }) => {
      if (data.asked) countOfFrame(data.asked);
      else if (data.file) showProgress(data.file, data.loaded);
      else if (data.error) reject(Object.assign(new Error(data.error.message), { code: data.error.code }));
      else resolve({ model: data.files, bytes: sizeOf(data.files) });
    };
  });
  frame.onload = () => frame.contentWindow.postMessage({ folder: folder.href, layout: LAYOUT }, "*", [port2]);
  document.body.append(frame);
  const release = () => frame.remove();
  try {
    return { ...(await files), release };
  } catch (error) {
    release();
    throw error;
  }
}

function fromAddress(address) {
  let folder;
  let name;
  try {
    folder = folderOf(address);
    name = modelName(folder); // throws for a malformed percent escape
    if (!/^https?:$/.test(folder.protocol)) throw new TypeError(folder.protocol);
  } catch {
    return showFailure({ code: "invalid-input", message: address });
  }
  const here = folder.origin === location.origin;
  return loadModel(name, (signal) => (here ? { model: folder } : fetchElsewhere(folder, signal)));
}

$("model-choose").addEventListener("click", () => $("model-folder").click());
$("model-folder").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  target.value = "";
  if (files.length > 0) void fromFiles(files);
});
$("model-address").addEventListener("submit", (event) => {
  event.preventDefault();
  const address = $("model-url").value.trim();
  if (address) void fromAddress(address);
});
$("model-stop").addEventListener("click", () => {
  loading.abort();
  $("model-choose").focus({ preventScroll: true }); // the button disappears
});
$("model-back").addEventListener("click", async () => {
  if (isBusy()) return showFailure({ code: "busy" });
  found = undefined;
  $("with").hidden = true;
  show();
  $("model-choose").focus({ preventScroll: true });
  await loadChosen();
});
onLanguage(() => {
  if (found) showModel();
  if (!$("model-failure").hidden) showFailure(failed);
});

/** Loads a model from the entries of dropped files or of a dropped folder. */
export async function dropModel(entries) {
  try {
    const files = (await Promise.all(entries.map((entry) => filesBelow(entry)))).flat();
    await fromFiles(files);
  } catch (error) {
    showFailure(error); // a file cannot be read
  }
}
