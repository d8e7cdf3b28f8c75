// npm run bench: what a visitor waits for, downloads and keeps in memory, in headless Chromium.
// `--json FILE` also writes the figures. Wrong outputs fail it.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "../pkg/scripts/build.mjs";
import { serve } from "../pkg/scripts/serve.mjs";
import { chromium, chromiumFlags, ensureChromium, fail, root } from "../pkg/scripts/tools.mjs";

const LOADS = 5;

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** Bytes of files as they are, and compressed as a careful server would. */
async function sizes(paths) {
  const total = { raw: 0, gzip: 0, brotli: 0 };
  for (const path of paths) {
    const bytes = await readFile(join(root, "pkg", path));
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    total.raw += bytes.length;
    total.gzip += (await promisify(gzip)(bytes, { level: 9 })).length;
    total.brotli += (await promisify(brotliCompress)(bytes, { params })).length;
  }
  return total;
}

async function payload() {
  const elsewhere = /^(embedded|embedded-node|node|node-files|types)\.js$/;
  const modules = (await readdir(join(root, "pkg/dist"))).filter((name) => name.endsWith(".js") && !elsewhere.test(name));
  return {
    "wasm": await sizes(["wasm/litmus_text_bg.wasm"]),
    "model + tokenizer": await sizes(["config.json", "tokenizer.json", "model.onnx"].map((file) => `models/sentiment/${file}`)),
    "JavaScript": await sizes([...modules.map((name) => `dist/${name}`), "wasm/litmus_text.js"]),
    "embedded wasm": await sizes(["wasm/embedded/litmus_text_bg.wasm"]),
  };
}

async function measure() {
  const { chromium: playwright } = await import("playwright-core");
  const server = await serve({
    mounts: { "/": join(root, "benches"), "/litmus-text/": join(root, "pkg") },
  });
  const browser = await playwright.launch({ executablePath: chromium, args: chromiumFlags });
  /** A context of its own each time: nothing is cached. */
  const inPage = async (name) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${server.url}page.html`);
    const result = await page.evaluate(async (name) => (await import("./in-page.mjs"))[name](), name);
    await context.close();
    return result;
  };
  const times = async (name) => {
    const all = [];
    for (let i = 0; i < LOADS; i++) all.push(await inPage(name));
    return median(all);
  };
  try {
    return {
      machine: `${cpus()[0].model}, ${cpus().length} cores`,
      browser: `Chromium ${browser.version()}`,
      ...(await inPage("speed")),
      loadMs: { "page open": await times("fromPageOpen"), "bytes in memory": await times("fromMemory") },
    };
  } finally {
    await browser.close();
    await server.close();
  }
}

function print({ machine, browser, predictMs, batchMs, loadMs, memoryBytes, bytes }) {
  const row = (name, ...cells) => console.log(`  ${name.padEnd(38)}${cells.map((cell) => cell.padStart(14)).join("")}`);
  const ms = (value) => `${value.toFixed(1)} ms`;
  const size = (value) => (value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(2)} MB`);
  console.log(`\n${browser} on ${machine}, one thread, medians\n`);
  for (const [tokens, value] of Object.entries(predictMs)) row(`predict, ${tokens} tokens`, ms(value));
  row("predict, batch of 32 mixed texts", ms(batchMs));
  for (const [from, value] of Object.entries(loadMs)) row(`${from} to first prediction`, ms(value));
  row("wasm memory, peak", size(memoryBytes));
  console.log();
  row("", "raw", "gzip 9", "brotli 11");
  for (const [name, each] of Object.entries(bytes)) row(name, size(each.raw), size(each.gzip), size(each.brotli));
}

try {
  const { values } = parseArgs({ options: { json: { type: "string" } } });
  await build();
  await ensureChromium();
  const figures = { ...(await measure()), bytes: await payload() };
  print(figures);
  if (values.json) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
} catch (error) {
  fail(error);
}
