// The demo and the package, served from this machine, and Chromium.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium as playwright } from "playwright-core";
import { serve } from "../../tools/serve.mjs";
import { site } from "../../tools/site.mjs";
import { root } from "../../tools/paths.mjs";
import { chromium, chromiumFlags } from "../../tools/toolchain.mjs";

export const artifacts = join(root, "tests/browser/artifacts");

export const launch = () => playwright.launch({ executablePath: chromium, headless: true, args: chromiumFlags });

/** The demo at "/" as tests/run.mjs has assembled it, all of the package below it, and the tests' own pages and fixtures. */
export const serveSite = () =>
  serve({
    mounts: {
      "/": site,
      "/litmus-text/": join(root, "pkg"),
      "/pages/": join(root, "tests/browser/pages"),
      "/fixtures/": join(root, "tests/fixtures"),
    },
  });

/**
 * Has the workers of a page count, as `computed`, the texts, windows and variants that they compute, and keep their WebAssembly memory as
 * `memory`: what the worker gets is its script with this at its end.
 */
export async function watchWorkers(page) {
  const watch = () => {
    globalThis.computed = 0;
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (module, imports) => {
      const { exports } = await instantiate(module, imports);
      const { wasmwork_step: step, wasmwork_progress: progress } = exports;
      const done = (work) => JSON.parse(progress(work)).done;
      globalThis.memory = exports.memory;
      const counted = (work) => {
        const before = done(work);
        const result = step(work);
        globalThis.computed += done(work) - before;
        return result;
      };
      return { exports: { ...exports, wasmwork_step: counted } };
    };
  };
  await page.route("**/dist/worker.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()};(${watch})();` });
  });
}

/** Waits until the page has this many workers. */
export async function workers(page, count) {
  for (let left = 100; left > 0 && page.workers().length !== count; left--) await page.waitForTimeout(50);
  assert.equal(page.workers().length, count);
}

/** How many texts, windows and variants each worker of a watched page has computed. */
export const computed = (page) => Promise.all(page.workers().map((worker) => worker.evaluate(() => globalThis.computed)));

/** Bytes of memory that the browser's processes hold, shared ones counted once. */
export async function held(browser, page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.detach();
  await page.waitForTimeout(1000); // workers end on threads of their own
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
  await whole.detach();
  const sizes = await Promise.all(
    processInfo.map(async ({ id }) => {
      const rollup = await readFile(`/proc/${id}/smaps_rollup`, "utf8").catch(() => "");
      return 1024 * Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size);
}

/** The site, and Chromium to visit it with. */
export async function open() {
  await mkdir(artifacts, { recursive: true });
  const server = await serveSite();
  const browser = await launch();
  return {
    url: server.url,
    browser,
    /** A page in a context of its own, and what it did that it should not have. */
    async page(options) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const elsewhere = [];
      const errors = [];
      page.on("request", (request) => {
        if (!request.url().startsWith(server.url)) elsewhere.push(request.url());
      });
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} ${message.location().url}`));
      return { context, page, elsewhere, errors };
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** Waits until something is so in the page. Unlike `waitForFunction`, it takes an asynchronous condition. */
export async function eventually(page, condition, argument) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (await page.evaluate(condition, argument)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it never came to this: ${condition}`);
}
