// A WebAssembly instance that traps on the page's own thread is replaced, and the next call works. worker.test.mjs has the
// same for workers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useSite } from "../harness/site.mjs";

const site = useSite();

/** Takes the page's workers away, and keeps the memory of its latest WebAssembly instance as `memory`. */
const prepare = (page) =>
  page.addInitScript(() => {
    delete globalThis.Worker;
    const { Instance } = WebAssembly;
    // biome-ignore lint/complexity/useArrowFunction: it is called with `new`
    WebAssembly.Instance = function (module, imports) {
      const { exports } = new Instance(module, imports);
      if (exports.classifier_new) globalThis.memory = exports.memory; // else it is the relaxed-SIMD kernel
      return { exports };
    };
  });

for (const build of ["plain", "embedded"]) {
  test(`a trap of the ${build} build on the page's thread fails its call, and the next call works`, async () => {
    const { page, context } = await site.packagePage({ file: `${build}.html`, prepare });
    const predict = () =>
      page.evaluate(() =>
        litmus.predict("a gorgeous movie").then(
          ({ label, score }) => ({ label, score }),
          ({ code, cause }) => ({ code, cause: cause instanceof Error }),
        ),
      );
    const first = await predict();
    assert.equal(first.label, "positive");
    await page.evaluate(() => new Uint8Array(memory.buffer).fill(0xff));
    assert.deepEqual(await predict(), { code: "internal", cause: true });
    if (build === "embedded") {
      await context.setOffline(true); // what it needs to recover, it has
      await page.route("**", (route) => route.abort());
    }
    assert.deepEqual(await predict(), first);
    await context.close();
  });
}
