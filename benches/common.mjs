// What the benchmark commands share: Chromium with a server, sizes of files, lines of a table.
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { serve } from "../pkg/scripts/serve.mjs";
import { chromium, chromiumFlags, root } from "../pkg/scripts/tools.mjs";

/**
 * Serves this folder, the package and `mounts`, and starts Chromium. `work` gets a function that runs an export of a
 * module in a page, in a context of its own each time, so that nothing is cached; and what machine and browser it is.
 */
export async function inChromium(mounts, work) {
  const { chromium: playwright } = await import("playwright-core");
  const server = await serve({
    mounts: { "/": join(root, "benches"), "/litmus-text/": join(root, "pkg"), ...mounts },
  });
  const browser = await playwright.launch({ executablePath: chromium, args: chromiumFlags });
  const inPage = async (module, name, argument) => {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${server.url}page.html`);
      return await page.evaluate(async (call) => (await import(call.module))[call.name](call.argument), {
        module,
        name,
        argument,
      });
    } finally {
      await context.close();
    }
  };
  try {
    return await work(inPage, {
      machine: `${cpus()[0].model}, ${cpus().length} cores`,
      browser: `Chromium ${browser.version()}`,
    });
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Bytes of files of the package as they are, and compressed as a careful server would. */
export async function sizes(paths) {
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

export const ms = (value) => `${value.toFixed(1)} ms`;
export const size = (value) => (value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(2)} MB`);

export const row = (name, ...cells) =>
  console.log(`  ${name.padEnd(38)}${cells.map((cell) => cell.padStart(14)).join("")}`);
