// npm run soak [-- --predictions N] [--json FILE]: a million predictions of random texts in one page, through a worker,
// a pool of two and the page's own thread. Memory must not grow, predictions must not get slower, and the same text
// must always have the same score to the bit.
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { residentBytes } from "../tests/harness/memory.mjs";
import { serveSite } from "../tests/harness/site.mjs";
import { build } from "../tools/build.mjs";
import { launchChromium } from "../tools/chromium.mjs";
import { fail, UserError } from "../tools/command.mjs";
import { ensureChromium } from "../tools/toolchain.mjs";
import { median } from "./measure.mjs";

/**
 * Bytes per prediction by which the browser's processes may grow: the slope of the regression line through all samples.
 */
const MAX_SLOPE = 16;
/**
 * Bytes by which the WebAssembly memory may grow in the second half: two steps, because a batch may be longer than
 * before.
 */
export const MAX_WASM_GROWTH = 8 * 2 ** 20;
/** Allowed relative slowdown from the first tenth of the predictions to the last. */
const MAX_SLOWDOWN = 0.05;
/** The option `workers` of each mode. The modes run in this order in the same page. */
const MODES = { worker: "auto", pool: 2, inline: 0 };
/** Predictions between two measurements. */
const ROUND = 256;
const SAMPLES = 40;

/** Runs in the page: predicts the fixed texts and checks their bits, then times a round of random texts. */
async function round({ seed, count }) {
  let state = seed;
  const next = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const words =
    "the a film was not so very good bad slow warm cold and but I it never again loved hated 😐 … ünder 日本 x1 don't".split(
      " ",
    );
  const texts = Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(16) }, () => words[next(words.length)]).join(" "),
  );
  const fixed = Array.from({ length: 16 }, (_, i) => words.slice(i).join(" "));
  const bits = (predictions) =>
    predictions.map(({ scores }) => scores.map(({ label, score }) => `${label} ${score}`).join()).join("\n");
  const again = bits(await classifier.predict(fixed));
  globalThis.first ??= again;
  if (again !== globalThis.first) throw new Error(`a text has another score in the round of seed ${seed}`);
  const start = performance.now();
  const predictions = await classifier.predict(texts);
  const ms = performance.now() - start;
  if (predictions.some(({ scores }) => !(Math.abs(scores.reduce((sum, { score }) => sum + score, 0) - 1) < 1e-5)))
    throw new Error("the scores of a text do not add up to 1");
  return { ms, memoryBytes: classifier.info.memoryBytes };
}

/** The slope of the regression line through points, by least squares. */
function slope(points) {
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((p) => p[0]), mean((p) => p[1])];
  return mean((p) => (p[0] - x) * (p[1] - y)) / mean((p) => (p[0] - x) ** 2);
}

async function soakMode(browser, page, mode, predictions, report) {
  await page.evaluate(
    async (workers) => (globalThis.classifier = await litmus.createClassifier({ workers })),
    MODES[mode],
  );
  const rounds = Math.max(20, Math.ceil(predictions / ROUND));
  const [times, memory, wasm] = [[], [], []];
  // One-time allocations, of code and caches, are done after the first tenth.
  const tenth = Math.ceil(rounds / 10);
  for (let i = 0; i < rounds; i++) {
    const { ms, memoryBytes } = await page.evaluate(round, { seed: i + 1, count: ROUND });
    times.push(ms);
    // In the first half, a worker may get its longest batch yet.
    if (i >= rounds / 2) wasm.push(memoryBytes);
    if (i >= tenth && (i - tenth) % Math.ceil((rounds - tenth) / SAMPLES) === 0)
      memory.push([i * ROUND, await residentBytes(browser, page)]);
    if ((i + 1) % tenth === 0)
      report(`${mode}: ${(i + 1) * ROUND} predictions, ${(median(times.slice(-tenth)) / ROUND).toFixed(3)} ms each`);
  }
  memory.push([rounds * ROUND, await residentBytes(browser, page)]);
  await page.evaluate(() => classifier.close());
  const [first, last] = [times.slice(1, 1 + tenth), times.slice(-tenth)].map(median);
  const half = rounds >> 1;
  return {
    predictions: rounds * ROUND,
    msPerPrediction: median(times) / ROUND,
    slowdown: last / first - 1,
    // By the fastest rounds, which are more reliable on a busy machine and in short runs.
    slowdownAtBest: Math.min(...times.slice(half)) / Math.min(...times.slice(0, half)) - 1,
    bytesPerPrediction: slope(memory),
    grownBytes: memory.at(-1)[1] - memory[0][1],
    wasmMemoryBytes: Math.max(...wasm),
    wasmGrownBytes: Math.max(...wasm) - wasm[0],
  };
}

/** Runs `predictions` predictions, a third in each mode. `report` gets lines of progress. */
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
    const predictions = Number(values.predictions ?? 1_000_000);
    if (!(predictions > 0)) throw new UserError("--predictions takes a number, such as 1000000");
    await build();
    await ensureChromium();
    const result = await soak(predictions, console.log);
    console.log(JSON.stringify(result, null, 2));
    if (values.json) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
    const bad = Object.entries(result.modes).filter(
      ([, { slowdown, bytesPerPrediction, wasmGrownBytes }]) =>
        // A figure that is not a number was not measured.
        !(slowdown <= MAX_SLOWDOWN && bytesPerPrediction <= MAX_SLOPE && wasmGrownBytes <= MAX_WASM_GROWTH),
    );
    if (bad.length) throw new UserError(`over a limit: ${bad.map(([mode]) => mode).join(", ")}`);
  } catch (error) {
    fail(error);
  }
}
