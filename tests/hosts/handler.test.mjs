// The prediction service in Deno, Bun and workerd: each answers the same as Node.
import assert from "node:assert/strict";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { root } from "../../tools/paths.mjs";
import { startServer, wait } from "../service/harness.mjs";
import { atEnd, executable, installed, LIMIT, project, tool } from "./project.mjs";

const TEXT = "I loved every minute of it";
const LINUX = process.platform === "linux" && process.arch === "x64";

const post = (body, headers = {}) => [
  "predict",
  { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) },
];

/** The body of the response in Node. */
async function expected() {
  const load = (name) => import(pathToFileURL(join(installed, "dist", name)).href);
  const handler = (await load("handler-node.js")).createHandler();
  const [path, init] = post({ text: TEXT });
  return (await handler(new Request(`http://localhost/${path}`, init))).text();
}

/** The service behind this `fetch` answers the same as Node, and shares, caches and rejects requests as Node does. */
async function checkAnswers(fetch) {
  // First, because it takes a while, and the server would close an idle connection meanwhile.
  const all = await expected();
  while ((await fetch("health")).status === 503) await wait(50);
  const concurrent = await Promise.all([1, 2, 3].map(() => fetch(...post({ text: TEXT }))));
  const bodies = await Promise.all(concurrent.map((each) => each.text()));
  assert.deepEqual(bodies, [all, all, all]);
  assert.equal((await fetch(...post({ text: TEXT }))).headers.get("x-litmus-cache"), "hit");
  const rejected = await fetch(...post({ texts: ["good", " "] }));
  assert.deepEqual([rejected.status, (await rejected.json()).error.index], [422, 1]);
  assert.equal((await fetch(...post({ text: "x".repeat(2_000_000) }))).status, 413);
  const lines = await (await fetch(...post({ texts: ["good", "", "bad"] }, { accept: "application/x-ndjson" }))).text();
  assert.deepEqual(
    lines
      .trim()
      .split("\n")
      .map((line) => Object.keys(JSON.parse(line))[1]),
    ["prediction", "error", "prediction"],
  );
}

/**
 * Aborts a request of `count` texts once the first is computed, while the client waits or reads lines. Checks that the
 * service still answers, and resolves to how many of the texts it has computed.
 */
async function computedAfterAbort(fetch, headers, count = 800) {
  const computed = async () => Number(/result="miss"} (\d+)/.exec(await (await fetch("metrics")).text())[1]);
  const before = await computed();
  const controller = new AbortController();
  const texts = Array.from({ length: count }, (_, i) => `${before + i} of them were dull`);
  const [path, init] = post({ texts }, headers);
  const call = fetch(path, { ...init, signal: controller.signal }).then((response) => response.text());
  call.catch(() => undefined);
  while ((await computed()) === before) await wait(10);
  controller.abort();
  await assert.rejects(call);
  const left = async () => Number(/litmus_queue_length (\d+)/.exec(await (await fetch("metrics")).text())[1]);
  while (await left()) await wait(50);
  const done = (await computed()) - before;
  const others = await Promise.all(
    ["a", "b", "c"].map((name) => fetch(...post({ text: `${name} goes on after ${before}` }))),
  );
  assert.deepEqual(
    others.map(({ status }) => status),
    [200, 200, 200],
  );
  return done;
}

const runtimes = {
  Deno: async () => [
    await executable("@deno/linux-x64-glibc/deno"),
    "run",
    "--no-prompt",
    "--allow-read=.",
    "--allow-net=127.0.0.1",
    "deno.js",
  ],
  Bun: async () => [await executable("@oven/bun-linux-x64/bin/bun"), "bun.js"],
};

for (const [name, command] of Object.entries(runtimes)) {
  test(name, { timeout: LIMIT, skip: !LINUX && "the lock file has its binary for Linux only" }, async (t) => {
    const folder = await project(t, "handler");
    const [program, ...args] = await command();
    const onSpawn = (child) => atEnd(t, () => child.kill("SIGKILL"));
    const { url, output } = await startServer(program, args, { cwd: folder, onSpawn });
    assert.ok(url, output());
    const ask = (path, init) => fetch(`${url}${path}`, init);
    await checkAnswers(ask);
    assert.ok((await computedAfterAbort(ask, { accept: "application/x-ndjson" })) < 700);
    // Deno notices a disconnect only when it writes to the client, unless the request was tiny.
    if (name !== "Deno") assert.ok((await computedAfterAbort(ask)) < 700);
  });
}

test("workerd, examples/edge, within the limits of the platform", { timeout: 2 * LIMIT }, async (t) => {
  const [{ build }, { Miniflare }] = [await tool("esbuild"), await tool("miniflare")];
  const folder = await project(t, "handler");
  await cp(join(root, "examples/edge"), folder, { recursive: true });
  const settings = JSON.parse((await readFile(join(folder, "wrangler.jsonc"), "utf8")).replace(/^\s*\/\/.*$/gm, ""));
  // As wrangler bundles: its conditions, and the wasm as a module.
  await build({
    absWorkingDir: folder,
    entryPoints: [settings.main],
    outdir: "built",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    external: ["cloudflare:*"],
  });
  const files = await Promise.all(
    (await readdir(join(folder, "built"))).map((name) => readFile(join(folder, "built", name))),
  );
  const compressed = files.reduce((sum, file) => sum + gzipSync(file).byteLength, 0);
  t.diagnostic(`${(compressed / 1e6).toFixed(2)} MB compressed`);
  assert.ok(compressed < 3 * 2 ** 20, `${compressed} bytes: the smallest plan allows 3 MB`);

  const start = (more) =>
    new Miniflare({
      rootPath: folder,
      modulesRoot: "built",
      modules: true,
      scriptPath: "built/index.js",
      modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
      compatibilityDate: settings.compatibility_date,
      compatibilityFlags: settings.compatibility_flags,
      assets: {
        directory: join(folder, settings.assets.directory),
        binding: settings.assets.binding,
        routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: true },
      },
      cf: false,
      ...more,
    });
  for (const more of [{}, { kvNamespaces: ["RESULTS"] }]) {
    const workerd = start(more);
    try {
      const url = await workerd.ready;
      const ask = (path, init) => fetch(new URL(path, url), init);
      await checkAnswers(ask);
      assert.ok((await computedAfterAbort(ask, { accept: "application/x-ndjson" })) < 700);
      assert.ok((await computedAfterAbort(ask, {}, 50)) <= 50); // miniflare does not report the disconnect
      if (more.kvNamespaces) assert.ok((await (await workerd.getKVNamespace("RESULTS")).list()).keys.length > 2);
    } finally {
      await workerd.dispose();
    }
  }
});
