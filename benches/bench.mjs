// npm run bench: latency, load time, memory and download sizes of the package in headless Chromium. A wrong prediction
// fails it. `--json FILE` also writes the figures to FILE.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { build } from "../tools/build.mjs";
import { fail } from "../tools/command.mjs";
import { downloads } from "../tools/downloads.mjs";
import { ensureChromium } from "../tools/toolchain.mjs";
import { inChromium, ms, row, size, sizes } from "./common.mjs";
import { median } from "./measure.mjs";
import { measureVisits } from "./visits.mjs";

const LOADS = 5;

async function payload() {
  const bytes = {};
  for (const [name, files] of Object.entries(await downloads())) bytes[name] = await sizes(files);
  return { ...bytes, "embedded wasm": await sizes(["wasm/embedded/litmus_text_bg.wasm"]) };
}

function measure() {
  return inChromium({}, async (inPage, setting) => {
    const times = async (name) => {
      const all = [];
      for (let i = 0; i < LOADS; i++) all.push(await inPage("./in-page.mjs", name));
      return median(all);
    };
    return {
      ...setting,
      ...(await inPage("./in-page.mjs", "speed")),
      loadMs: { "page open": await times("fromPageOpen"), "bytes in memory": await times("fromMemory") },
    };
  });
}

function print({ machine, browser, predictMs, batchMs, tasksRatio, loadMs, visits, memoryBytes, bytes }) {
  console.log(`\n${browser} on ${machine}, one thread, medians\n`);
  for (const [tokens, value] of Object.entries(predictMs)) row(`predict, ${tokens} tokens`, ms(value));
  row("predict, batch of 32 mixed texts", ms(batchMs));
  for (const [input, value] of Object.entries(tasksRatio)) {
    row(`three tasks : one task, ${input === "batch" ? "the batch" : `${input} tokens`}`, value.toFixed(3));
  }
  for (const [from, value] of Object.entries(loadMs)) row(`${from} → first prediction`, ms(value));
  for (const [kind, { first, second, ratio }] of Object.entries(visits)) {
    row(`first visit, with ${kind}`, ms(first));
    row("second visit after it", ms(second), ratio.toFixed(2));
  }
  row("wasm memory, peak", size(memoryBytes));
  console.log();
  row("", "raw", "gzip 9", "brotli 11");
  for (const [name, each] of Object.entries(bytes)) row(name, size(each.raw), size(each.gzip), size(each.brotli));
}

try {
  const { values } = parseArgs({ options: { json: { type: "string" } } });
  await build();
  await ensureChromium();
  const figures = { ...(await measure()), visits: await measureVisits(), bytes: await payload() };
  print(figures);
  if (values.json) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
} catch (error) {
  fail(error);
}
