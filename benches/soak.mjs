// npm run soak [-- --predictions N] [--json FILE]: random texts, very many of them, in one page through a worker, a pool
// of two and the page's own thread. Memory must stay flat, nothing may get slower, and a text must score the same bits
// whenever and wherever it comes again.
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "../tools/build.mjs";
import { fail, UserError } from "../tools/command.mjs";
import { ensureChromium } from "../tools/toolchain.mjs";
import { residentBytes } from "../tests/harness/memory.mjs";
import { serveSite } from "../tests/harness/site.mjs";
import { launchChromium } from "../tools/chromium.mjs";
import { median } from "./measure.mjs";

/** Bytes that the browser's processes may grow by for each prediction, as the line through all samples has it. */
const MAX_SLOPE = 16;
/** Bytes that the WebAssembly memory may grow by in the second half: two steps, for a batch of rarely long texts. */
export const MAX_WASM_GROWTH = 8 * 2 ** 20;
/** How much longer the last tenth of the predictions may take than the first. */
const MAX_SLOWDOWN = 0.05;
/** Of each mode, in this order, one after another in the same page. */
const MODES = { worker: "auto", pool: 2, inline: 0 };
/** Predictions between two looks at the clock, and at the memory. */
const ROUND = 256;
const SAMPLES = 40;

/** In the page: a round of random texts, after the fixed ones, which come in each. Gives the milliseconds of the random ones. */
async function round({ seed, count }) {
  let state = seed;
  const next = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const words = "the a film was not so very good bad slow warm cold and but I it never again loved hated 😐 … ünder 日本 x1 don't".split(" ");
  const texts = Array.from({ length: count }, () => Array.from({ length: 1 + next(16) }, () => words[next(words.length)]).join(" "));
  const fixed = Array.from({ length: 16 }, (_, i) => words.slice(i).join(" "));
  const bits = (predictions) => predictions.map(({ scores }) => scores.map(({ label, score }) => `${label} ${score}`).join()).join("\n");
  const again = bits(await classifier.predict(fixed));
  globalThis.first ??= again;
  if (again !== globalThis.first) throw new Error(`a text scored another way in the round of seed ${seed}`);
  const start = performance.now();
  const predictions = await classifier.predict(texts);
  const ms = performance.now() - start;
  if (predictions.some(({ scores }) => !(Math.abs(scores.reduce((sum, { score }) => sum + score, 0) - 1) < 1e-5))) throw new Error("no probabilities");
  return { ms, memoryBytes: classifier.info.memoryBytes };
}

/** The slope of the straight line through points, by least squares. */
function slope(points) {
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((p) => p[0]), mean((p) => p[1])];
  return mean((p) => (p[0] - x) * (p[1] - y)) / mean((p) => (p[0] - x) ** 2);
}

async function soakMode(browser, page, mode, predictions, report) {
  await page.evaluate(async (workers) => (globalThis.classifier = await litmus.createClassifier({ workers })), MODES[mode]);
  const rounds = Math.max(20, Math.ceil(predictions / ROUND));
  const [times, memory, wasm] = [[], [], []];
  // What is allocated once, code and caches, is there after the first tenth.
  const tenth = Math.ceil(rounds / 10);
  for (let i = 0; i < rounds; i++) {
    const { ms, memoryBytes } = await page.evaluate(round, { seed: i + 1, count: ROUND });
    times.push(ms);
    // Until then a worker may get the longest texts together for the first time.
    if (i >= rounds / 2) wasm.push(memoryBytes);
    if (i >= tenth && (i - tenth) % Math.ceil((rounds - tenth) / SAMPLES) === 0) memory.push([i * ROUND, await residentBytes(browser, page)]);
    if ((i + 1) % tenth === 0) report(`${mode}: ${(i + 1) * ROUND} predictions, ${(median(times.slice(-tenth)) / ROUND).toFixed(3)} ms each`);
  }
  memory.push([rounds * ROUND, await residentBytes(browser, page)]);
  await page.evaluate(() => classifier.close());
  const [first, last] = [times.slice(1, 1 + tenth), times.slice(-tenth)].map(median);
  const half = rounds >> 1;
  return {
    predictions: rounds * ROUND,
    msPerPrediction: median(times) / ROUND,
    slowdown: last / first - 1,
    // Of the fastest rounds, which say more where others use the machine and the rounds are few.
    slowdownAtBest: Math.min(...times.slice(half)) / Math.min(...times.slice(0, half)) - 1,
    bytesPerPrediction: slope(memory),
    grownBytes: memory.at(-1)[1] - memory[0][1],
    wasmMemoryBytes: Math.max(...wasm),
    wasmGrownBytes: Math.max(...wasm) - wasm[0],
  };
}

/** So many predictions in all, a third through each mode; `report` is told how far it is. */
export async function soak(predictions, report = () => {}) {
  const server = await serveSite();
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}pages/plain.html`);
    await page.waitForFunction(() => "litmus" in globalThis);
    const modes = {};
    for (const mode of Object.keys(MODES)) modes[mode] = await soakMode(browser, page, mode, predictions / 3, report);
    return { machine: `${cpus()[0].model}, ${cpus().length} cores`, browser: `Chromium ${browser.version()}`, modes };
  } finally {
    await browser.close();
    await server.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { predictions: { type: "string" }, json: { type: "string" } } });
    await build();
    await ensureChromium();
    const result = await soak(Number(values.predictions ?? 1_000_000), console.log);
    console.log(JSON.stringify(result, null, 2));
    if (values.json) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
    const bad = Object.entries(result.modes).filter(([, { slowdown, bytesPerPrediction, wasmGrownBytes }]) =>
      slowdown > MAX_SLOWDOWN || bytesPerPrediction > MAX_SLOPE || wasmGrownBytes > MAX_WASM_GROWTH);
    if (bad.length) throw new UserError(`beyond a bound: ${bad.map(([mode]) => mode).join(", ")}`);
  } catch (error) {
    fail(error);
  }
}
