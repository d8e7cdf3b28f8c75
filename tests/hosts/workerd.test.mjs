// The package in workerd, which cannot compile WebAssembly at run time: importing the .wasm gives a compiled module.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd, expected, LIMIT, project, tool } from "./project.mjs";

test("workerd, the model from its assets", { timeout: LIMIT }, async (t) => {
  const [{ build }, { Miniflare }] = [await tool("esbuild"), await tool("miniflare")];
  const folder = await project(t, "workerd");
  // As wrangler bundles: its conditions, and the wasm as a module.
  await build({
    absWorkingDir: folder,
    entryPoints: ["index.js"],
    outdir: "built",
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
  });
  const requested = [];
  const workerd = new Miniflare({
    rootPath: folder,
    modulesRoot: "built",
    modules: true,
    scriptPath: "built/index.js",
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    compatibilityDate: "2025-12-01",
    assets: {
      directory: join(folder, "node_modules/litmus-text/models"),
      binding: "ASSETS",
      routerConfig: { has_user_worker: true },
    },
    cf: false,
    outboundService: ({ url }) => {
      requested.push(url);
      return new Response(null, { status: 502 });
    },
  });
  atEnd(t, () => workerd.dispose());
  const ask = async (text) => (await workerd.dispatchFetch("http://localhost/", { method: "POST", body: text })).text();
  const shown = await expected();
  const text = "I loved every minute of it";
  // At once: all but the first wait, for the model and then for the thread.
  const concurrent = Array.from({ length: 8 }, () => ask(text));
  assert.deepEqual(await Promise.all(concurrent), Array(concurrent.length).fill(shown));
  assert.equal(await ask(text), shown, "later requests use the same classifier");
  assert.deepEqual(requested, []);
});
