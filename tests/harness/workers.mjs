// What the workers of a page do: how many there are, how much they compute, how much memory they have.
import assert from "node:assert/strict";

/**
 * Makes `code` part of the worker's script: at its start with `first`, else at its end. Call it before the page loads.
 */
export function patchWorker(page, code, { first = false } = {}) {
  return page.route("**/dist/worker.js", async (route) => {
    const response = await route.fetch();
    const script = await response.text();
    await route.fulfill({ response, body: first ? `${code};${script}` : `${script};${code}` });
  });
}

/**
 * Makes the workers of a page count the texts, windows and variants that they compute, as `computed`, and keep their
 * WebAssembly memory as `memory`.
 */
export function watchWorkers(page) {
  const watch = () => {
    globalThis.computed = 0;
    const { Instance } = WebAssembly;
    // biome-ignore lint/complexity/useArrowFunction: it is called with `new`
    WebAssembly.Instance = function (module, imports) {
      const { exports } = new Instance(module, imports);
      const { job_step: step, job_done: done } = exports;
      if (!step) return { exports }; // the relaxed-SIMD kernel
      globalThis.memory = exports.memory;
      const counted = (job) => {
        const before = done(job);
        const result = step(job);
        globalThis.computed += done(job) - before;
        return result;
      };
      return { exports: { ...exports, job_step: counted } };
    };
  };
  return patchWorker(page, `(${watch})()`);
}

/** How many texts, windows and variants each worker of a watched page has computed. */
export const computed = (page) =>
  Promise.all(page.workers().map((worker) => worker.evaluate(() => globalThis.computed)));

/** Waits until the page has this many workers. */
export async function expectWorkers(page, count) {
  for (let tries = 100; tries > 0 && page.workers().length !== count; tries--) await page.waitForTimeout(50);
  assert.equal(page.workers().length, count);
}
