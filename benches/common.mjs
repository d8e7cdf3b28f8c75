// Shared by the benchmark commands: Chromium with a server, sizes of files, printed tables.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { launchChromium } from "../tools/chromium.mjs";
import { root } from "../tools/paths.mjs";
import { serve } from "../tools/serve.mjs";
import { traced } from "./trace.mjs";

/**
 * Serves this folder, the package and `mounts`, starts Chromium and runs `work(inPage, setting, longestTasks)`:
 * `inPage(module, name, argument)` calls an export of a module in a new page with a browser context of its own, so that
 * nothing is cached. `setting` names machine and browser. `longestTasks(calls)` makes several such calls in one page,
 * one after the other, and resolves to the longest main-thread task during each. With `oneCore`, all threads of Chromium
 * run on one core.
 */
export async function inChromium(mounts, work, { oneCore = false } = {}) {
  const server = await serve({
    mounts: { "/": join(root, "benches"), "/litmus-text/": join(root, "pkg"), ...mounts },
  });
  const browser = await (oneCore ? onOneCore(launchChromium) : launchChromium());
  const visit = async (work) => {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${server.url}page.html`);
      return await work(page);
    } finally {
      await context.close();
    }
  };
  const run = (page, call) =>
    page.evaluate(async (call) => (await import(call.module))[call.name](call.argument), call);
  const inPage = (module, name, argument) => visit((page) => run(page, { module, name, argument }));
  const longestTasks = (calls) =>
    visit(async (page) => {
      const longest = {};
      for (const [name, call] of Object.entries(calls)) {
        longest[name] = (await traced(page, () => run(page, call))).tasksMs[0];
      }
      return longest;
    });
  try {
    const machine = `${cpus()[0].model}, ${cpus().length} cores`;
    const setting = { machine, browser: `Chromium ${browser.version()}` };
    return await work(inPage, setting, longestTasks);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Calls `start` with this process restricted to one core. The processes that `start` creates inherit the restriction. */
async function onOneCore(start) {
  // Other systems cannot do it, and measure on all cores.
  if (process.platform !== "linux") return start();
  const taskset = (...cores) => promisify(execFile)("taskset", ["-cp", ...cores, String(process.pid)]);
  // "pid 123's current affinity list: 0,1"
  const allowed = (await taskset()).stdout.trim().split(": ")[1];
  await taskset(allowed.match(/\d+/)[0]);
  try {
    return await start();
  } finally {
    await taskset(allowed);
  }
}

/** Total bytes of files, raw, under gzip 9 and under brotli 11. Relative paths are those of the package. */
export async function sizes(paths) {
  const total = { raw: 0, gzip: 0, brotli: 0 };
  for (const path of paths) {
    const bytes = await readFile(resolve(root, "pkg", path));
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

export const ms = (value) => `${value.toFixed(1)} ms`;
export const size = (value) => (value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(2)} MB`);

export const row = (name, ...cells) =>
  console.log(`  ${name.padEnd(38)}${cells.map((cell) => cell.padStart(14)).join("")}`);
