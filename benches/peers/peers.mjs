// npm run bench:peers: our runtime beside onnxruntime-web and transformers.js with the same weights, and beside
// transformers.js with a network of its default size, in headless Chromium, on one thread. ../README.md defines each
// number. A wrong output fails it, a missed bar does not.
//   --json FILE    write all figures, each single time included
//   --markdown     print the ratios as a Markdown table
//   --site         write the medians that the demo shows, www/peers.json
//   --quick        fewer rounds
//   --only peers   without our runtime, which then is not built
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../../tools/build.mjs";
import { fail, run, step, UserError } from "../../tools/command.mjs";
import { downloads } from "../../tools/downloads.mjs";
import { root } from "../../tools/paths.mjs";
import { ensureChromium, ensureNode, ensureRust } from "../../tools/toolchain.mjs";
import { inChromium, ms, row, size, sizes } from "../common.mjs";
import { median } from "../measure.mjs";
import { DISTILBERT } from "./in-page.mjs";
import { ensureModels, models } from "./models.mjs";

const here = join(root, "benches", "peers");
const model = join(root, "models", "english");
/** The modules whose functions run in the page: for comparisons, and for our runtime alone. */
const PEERS = "./peers/in-page.mjs";
const US = "./in-page.mjs";

const read = (path) => readFile(path, "utf8").catch(() => "");
const modifiedAt = async (path) => (await stat(path).catch(() => ({ mtimeMs: 0 }))).mtimeMs;

/** Installs the peers at the versions of package-lock.json. */
async function ensurePeers() {
  const installed = join(here, "node_modules", ".package-lock.json");
  if ((await modifiedAt(installed)) >= (await modifiedAt(join(here, "package-lock.json")))) return;
  await step("npm ci in benches/peers", () =>
    run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: here,
      shell: process.platform === "win32",
    }),
  );
}

/** Compiles roofline.rs. Resolves to the bytes of the module as an array, which can be passed to a page. */
async function compileRoofline() {
  await ensureRust();
  await mkdir(models, { recursive: true });
  const module = join(models, "roofline.wasm");
  const features = ["-C", "opt-level=3", "-C", "target-feature=+simd128,+relaxed-simd"];
  features.push("-C", "llvm-args=-disable-lsr"); // as src/kernels/build.rs compiles ours
  const target = ["--edition", "2024", "--crate-type", "cdylib", "--target", "wasm32-unknown-unknown"];
  await run("rustc", [...target, ...features, join(here, "roofline.rs"), "-o", module]);
  return Array.from(await readFile(module));
}

const versionOf = async (name) => JSON.parse(await read(join(here, "node_modules", name, "package.json"))).version;

/** The bytes under brotli that a page downloads before its first prediction. */
async function downloadBytes() {
  const ours = Object.values(await downloads()).flat();
  const transformers = join(here, "node_modules/@huggingface/transformers");
  const ort = join(transformers, "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify");
  const folder = join(models, "transformers/distilbert");
  const files = ["config.json", "tokenizer_config.json", "tokenizer.json", "onnx/model_quantized.onnx"];
  const theirs = [
    join(transformers, "dist/transformers.min.js"),
    `${ort}.mjs`,
    `${ort}.wasm`,
    ...files.map((file) => join(folder, file)),
  ];
  return { ours: (await sizes(ours)).brotli, [DISTILBERT]: (await sizes(theirs)).brotli };
}

/** Whether a contender is transformers.js with our weights. */
const transformersWithOurs = (name) => name.startsWith("transformers.js") && name !== DISTILBERT;

/** The entries of an object of times by contender, the smallest median first. */
const byMedian = (times) => Object.entries(times).sort(([, a], [, b]) => median(a) - median(b));

/** The contender with the smallest median among those for which `among(name)` holds. */
const fastest = (times, among) => byMedian(times).find(([name]) => among(name))[0];

/** All measurements. `quick`: fewer rounds. `ours`: with our runtime. */
async function measure({ quick, ours }) {
  const made = await ensureModels();
  const { temperature } = JSON.parse(await read(join(model, "litmus.json")));
  const roofline = await compileRoofline();
  const counts = quick
    ? { 16: 10, 32: 10, 128: 6, batch: 2, warm: 4 }
    : { 16: 40, 32: 40, 128: 24, batch: 10, warm: 12 };
  const loads = quick ? 2 : 7;
  const mounts = { "/peer-models/": models };
  // Our predictions run in a worker, theirs in the page. The cores of a virtual machine may differ in speed by half.
  const speed = (inPage) => inPage(PEERS, "speed", { made, temperature, counts, ours, roofline });
  const warm = await inChromium(mounts, speed, { oneCore: true });
  return inChromium(mounts, async (inPage, setting, longestTasks) => {
    const { timesMs, firstIds: ids, longIds, longText: text } = warm;

    /** Times the contenders in turn, each call in a new page. */
    const interleaved = async (contenders) => {
      const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
      for (let i = 0; i < loads; i++) {
        for (const [name, call] of Object.entries(contenders)) times[name].push(await call());
      }
      return times;
    };
    const quickest = fastest(timesMs[16], (name) => made.int8.includes(name));
    const int8 = [...new Set([made.int8[0], quickest])];
    timesMs.fromMemory = await interleaved({
      ...(ours && { ours: () => inPage(US, "fromMemory") }),
      ...Object.fromEntries(int8.map((name) => [name, () => inPage(PEERS, "ortFromMemory", { name, ids })])),
    });
    timesMs.fromPageOpen = await interleaved({
      ...(ours && { ours: () => inPage(US, "fromPageOpen") }),
      "transformers.js": () => inPage(PEERS, "transformersFromPageOpen", { lean: false }),
      "transformers.js, lean": () => inPage(PEERS, "transformersFromPageOpen", { lean: true }),
      [DISTILBERT]: () => inPage(PEERS, "distilbertFromPageOpen"),
    });
    const memoryBytes = {
      ...(ours && { ours: await inPage(PEERS, "ourMemory", { text }) }),
      [int8.at(-1)]: await inPage(PEERS, "ortMemory", { name: int8.at(-1), ids: longIds }),
      "transformers.js": await inPage(PEERS, "transformersMemory", { lean: false, text }),
      "transformers.js, lean": await inPage(PEERS, "transformersMemory", { lean: true, text }),
    };
    const longestTaskMs = await longestTasks({
      ...(ours && { ours: { module: PEERS, name: "ourThousand" } }),
      "transformers.js": { module: PEERS, name: "transformersThousand", argument: { lean: false } },
      "transformers.js, lean": { module: PEERS, name: "transformersThousand", argument: { lean: true } },
    });
    return {
      ...setting,
      longestTaskMs,
      versions: {
        "onnxruntime-web": warm.onnxruntime,
        "transformers.js": await versionOf("@huggingface/transformers"),
        "onnxruntime (models)": made.onnxruntime,
      },
      timesMs,
      marginErrors: warm.marginErrors,
      int8: made.int8,
      memoryBytes,
      modelBytes: (await stat(join(model, "model.onnx"))).size,
      linearMacs: made.macsPerToken * 128,
      rooflineGmacs:
        warm.rooflineMacs / median(timesMs[128][fastest(timesMs[128], (name) => name.startsWith("roofline"))]) / 1e6,
    };
  });
}

/**
 * Our runtime and the fastest of the peers for which `among(name)` holds: medians, their ratio, and the median of the ratios by
 * round.
 */
function versus(name, times, among, bar, aim) {
  const best = fastest(times, among);
  const [ours, theirs] = [median(times.ours), median(times[best])];
  const perRound = median(times.ours.map((time, i) => time / times[best][i]));
  return { name, ours: ms(ours), theirs: ms(theirs), best, ratio: ours / theirs, perRound, bar, aim };
}

/** The longest task of the main thread. The bar is a frame at 60 Hz. */
function longestTask({ ours, ...theirs }) {
  const [best, least] = Object.entries(theirs).sort(([, a], [, b]) => a - b)[0];
  const name = "longest task of the main thread, load and 1,000 predictions";
  return { name, ours: ms(ours), theirs: ms(least), best, ratio: ours / least, value: ours, bar: 16, aim: 8, show: ms };
}

/**
 * The rows of the table of ratios. A ratio, or `value` where a row has one, must be at most its bar; with `atLeast`, at least its bar.
 * A row without a bar is not judged.
 */
function ratios(figures) {
  const { timesMs, longestTaskMs, int8, linearMacs, rooflineGmacs, memoryBytes, modelBytes, wasm } = figures;
  const download = figures.downloadBytes;
  const dynamic = (name) => int8.includes(name);
  const distilbert = (name) => name === DISTILBERT;
  const gmacs = linearMacs / median(timesMs[128].ours) / 1e6;
  const peer = int8.find((name) => name in memoryBytes);
  const allowed = (factor) => factor * modelBytes + 16e6;
  return [
    {
      name: "download, brotli 11",
      ours: size(download.ours),
      theirs: size(download[DISTILBERT]),
      best: DISTILBERT,
      ratio: download.ours / download[DISTILBERT],
    },
    versus("page opened → first prediction", timesMs.fromPageOpen, distilbert),
    ...[16, 32, 128].map((tokens) => versus(`predict, ${tokens} tokens`, timesMs[tokens], distilbert)),
    ...[16, 32, 128].map((tokens) => versus(`predict, ${tokens} tokens`, timesMs[tokens], dynamic, 0.58, 0.5)),
    ...[16, 32, 128].map((tokens) =>
      versus(`predict, ${tokens} tokens, text on both sides`, timesMs[tokens], transformersWithOurs),
    ),
    versus("batch of 32 mixed texts", timesMs.batch, transformersWithOurs, 0.36, 0.25),
    versus("bytes in memory → first prediction", timesMs.fromMemory, dynamic, 0.4, 0.25),
    versus("page opened → first prediction", timesMs.fromPageOpen, transformersWithOurs, 0.5, 0.35),
    longestTask(longestTaskMs),
    {
      name: "predict, fraction of the roofline",
      ours: `${gmacs.toFixed(1)} GMAC/s`,
      theirs: `${rooflineGmacs.toFixed(1)} GMAC/s`,
      best: "the kernel; a lower bound",
      ratio: gmacs / rooflineGmacs,
      atLeast: true,
      bar: 0.75,
      aim: 0.85,
    },
    { name: "wasm, brotli 11", ours: size(wasm.brotli), value: wasm.brotli, bar: 1.2e6, aim: 0.9e6, show: size },
    {
      name: "wasm memory at 128 tokens, peak",
      ours: size(memoryBytes.ours),
      theirs: size(memoryBytes[peer]),
      best: peer,
      ratio: memoryBytes.ours / memoryBytes[peer],
      value: memoryBytes.ours,
      bar: allowed(2),
      aim: allowed(1.5),
      show: size,
    },
  ];
}

const HEADINGS = ["", "ours", "theirs", "which", "ratio", "by round", "bar", "aim", ""];

/** The table cells of a row of `ratios`, in the order of the headings. */
function cells({ name, ours, theirs = "", best = "", ratio, perRound, value = ratio, bar, aim, atLeast, show }) {
  const limit = (bound) =>
    bound === undefined ? "" : `${atLeast ? "≥" : "≤"} ${show ? show(bound) : bound.toFixed(2)}`;
  const within = (bound) => (atLeast ? value >= bound : value <= bound);
  const verdict = bar === undefined ? "" : within(aim) ? "aim met" : within(bar) ? "bar met" : "missed";
  return [
    name,
    ours,
    theirs,
    best,
    ratio?.toFixed(2) ?? "",
    perRound?.toFixed(2) ?? "",
    limit(bar),
    limit(aim),
    verdict,
  ];
}

function print({
  machine,
  browser,
  versions,
  timesMs,
  longestTaskMs,
  memoryBytes,
  rooflineGmacs,
  marginErrors,
  ratios: judged,
}) {
  const shown = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  console.log(`\n${browser} on ${machine}, one thread; ${shown.join(", ")}`);
  console.log("medians; ours and transformers.js from text to label, onnxruntime-web from token ids to logits\n");
  const lengths = ["16", "32", "128"];
  row("", ...lengths.map((length) => `${length} tokens`), "logit error");
  for (const name of Object.keys(timesMs[16])) {
    row(name, ...lengths.map((length) => ms(median(timesMs[length][name]))), marginErrors[name]?.toPrecision(1) ?? "");
  }
  for (const [title, times] of [
    ["batch of 32 mixed texts", timesMs.batch],
    ["bytes in memory → first prediction", timesMs.fromMemory],
    ["page opened → first prediction", timesMs.fromPageOpen],
  ]) {
    console.log(`\n  ${title}`);
    for (const [name, each] of byMedian(times)) row(`  ${name}`, ms(median(each)));
  }
  console.log("\n  longest task of the main thread, load and 1,000 predictions");
  for (const [name, time] of Object.entries(longestTaskMs)) row(`  ${name}`, ms(time));
  console.log("\n  wasm memory after a load and 128 tokens");
  for (const [name, bytes] of Object.entries(memoryBytes)) row(`  ${name}`, size(bytes));
  console.log();
  row("roofline of the integer inner loop", `${rooflineGmacs.toFixed(1)} GMAC/s`);
  if (!judged) return;
  console.log();
  const lines = [HEADINGS, ...judged.map(cells)];
  const widths = HEADINGS.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines) console.log(`  ${line.map((cell, i) => cell.padEnd(widths[i])).join("  ")}`.trimEnd());
}

function markdown({ machine, browser, versions, ratios: judged }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const lines = [HEADINGS, HEADINGS.map(() => "---"), ...judged.map(cells)].map(line);
  const shown = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${lines.join("\n")}\n\n${browser} on ${machine}; ${shown.join(", ")}.\n`;
}

/** The medians in milliseconds that www/speed.js draws: ours, and of each peer its fastest configuration. */
function forSite({ machine, browser, versions, timesMs, int8 }) {
  const { "onnxruntime-web": ort, "transformers.js": transformers } = versions;
  const medianOf = (times, among) => Number(median(times[fastest(times, among)]).toFixed(1));
  const lengths = [16, 32, 128].map((tokens) => {
    const times = timesMs[tokens];
    const peers = {
      "onnxruntime-web": medianOf(times, (name) => int8.includes(name)),
      "transformers.js": medianOf(times, transformersWithOurs),
    };
    return [tokens, { ours: medianOf(times, (name) => name === "ours"), ...peers }];
  });
  const shown = { "onnxruntime-web": ort, "transformers.js": transformers };
  return { machine, browser, versions: shown, ms: Object.fromEntries(lengths) };
}

try {
  const { values } = parseArgs({
    options: {
      json: { type: "string" },
      markdown: { type: "boolean" },
      only: { type: "string" },
      quick: { type: "boolean" },
      site: { type: "boolean" },
    },
  });
  if (values.only !== undefined && values.only !== "peers") throw new UserError('--only must be "peers"');
  const ours = values.only !== "peers";
  await (ours ? build({ supply: false }) : ensureNode());
  await ensurePeers();
  await ensureChromium();
  const figures = await measure({ quick: values.quick, ours });
  if (ours) {
    figures.wasm = await sizes(["wasm/litmus_text_bg.wasm"]);
    figures.downloadBytes = await downloadBytes();
    figures.ratios = ratios(figures);
  }
  print(figures);
  if (values.markdown && ours) console.log(`\n${markdown(figures)}`);
  if (values.site && ours)
    await writeFile(join(root, "www/peers.json"), `${JSON.stringify(forSite(figures), null, 2)}\n`);
  if (values.json) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
} catch (error) {
  fail(error);
}
