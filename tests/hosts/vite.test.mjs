// A Vite app of four lines without configuration: its production build, and its development server in several layouts.
import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { serve } from "../../tools/serve.mjs";
import { good, labelsOfInsult, visit } from "./browser.mjs";
import {
  apps,
  atEnd,
  expected,
  LIMIT,
  onlyAll,
  output,
  project,
  STRICT,
  tarball,
  temporaryFolder,
  tool,
  toolFile,
} from "./project.mjs";

const local = { host: "127.0.0.1", port: 0 };
const options = (root) => ({ root, configFile: false, logLevel: "warn" });
const urlOf = (server) => `http://127.0.0.1:${server.httpServer.address().port}/`;

/**
 * A workspace with the app in packages/app, which imports the package `imported`, and litmus-text where `install` puts it.
 * Resolves to the app's folder.
 */
async function workspace(t, imported, install) {
  const folder = await temporaryFolder(t, "workspace");
  const app = join(folder, "packages/app");
  const write = async (file, content) =>
    writeFile(join(folder, file), typeof content === "string" ? content : JSON.stringify(content));
  await cp(tarball, join(folder, "litmus-text.tgz"));
  await cp(join(apps, "vite"), app, { recursive: true });
  await cp(join(apps, "badge"), join(folder, "packages/badge"), { recursive: true });
  const main = await readFile(join(app, "main.js"), "utf8");
  await writeFile(join(app, "main.js"), main.replace('"litmus-text"', JSON.stringify(imported)));
  await write("package.json", { private: true, workspaces: ["packages/*"] });
  await write("pnpm-workspace.yaml", "packages: ['packages/*']\n");
  const version = imported === "badge" ? "workspace:*" : "file:../../litmus-text.tgz";
  await write("packages/app/package.json", { name: "app", type: "module", dependencies: { [imported]: version } });
  await output(folder, ...install);
  return app;
}

const pnpm = () => [process.execPath, toolFile("pnpm/bin/pnpm.cjs"), "install", "--offline", "--store-dir", ".store"];

/** Where Vite keeps its copies of dependencies, and where the package is. `settings` are those that Vite 7 needs. */
const exclude = { optimizeDeps: { exclude: ["litmus-text"] } };
const layouts = {
  "its own cache": { create: (t) => project(t, "vite") },
  "a cache as of Nuxt or Storybook": { create: (t) => project(t, "vite"), cacheDir: "node_modules/.cache/sb/vite" },
  "a cache outside node_modules": { create: (t) => project(t, "vite"), cacheDir: ".cache/vite", settings: exclude },
  "an npm workspace": {
    create: (t) => workspace(t, "litmus-text", ["npm", "install", "--offline", "--no-audit", "--no-fund"]),
    settings: exclude,
  },
  "a dependency of a dependency, installed by pnpm": {
    create: (t) => workspace(t, "badge", pnpm()),
    settings: exclude,
  },
};

// The current version, and the last one whose development server copies only the JavaScript of a package.
for (const name of ["vite", "vite-7"]) {
  for (const [layout, { create, cacheDir, settings }] of Object.entries(layouts)) {
    test(`${name}, development, ${layout}`, { timeout: LIMIT, skip: onlyAll }, async (t) => {
      const { createServer } = await tool(name);
      const root = await create(t);
      const needed = name === "vite-7" ? settings : {};
      const server = await createServer({ ...options(root), cacheDir, ...needed, server: local });
      atEnd(t, () => server.close());
      await server.listen();
      const { page, seen } = await visit(t, urlOf(server));
      assert.deepEqual(seen, good(await expected()));
      assert.deepEqual(await labelsOfInsult(page), ["toxic"]);
    });
  }

  test(`${name}, production`, { timeout: LIMIT, skip: name === "vite-7" && onlyAll }, async (t) => {
    const { build, preview } = await tool(name);
    const root = await project(t, "vite");
    await build(options(root));
    const server = await preview({ ...options(root), preview: local });
    atEnd(t, () => server.close());
    const { page, seen } = await visit(t, urlOf(server));
    assert.deepEqual(seen, good(await expected()));
    assert.deepEqual(await labelsOfInsult(page), ["toxic"]);
  });
}

test("a Vite build under a strict Content-Security-Policy", { timeout: LIMIT }, async (t) => {
  const { build } = await tool("vite");
  const root = await project(t, "vite");
  await build(options(root));
  const server = await serve({ mounts: { "/": join(root, "dist") }, headers: { "content-security-policy": STRICT } });
  atEnd(t, () => server.close());
  const { seen } = await visit(t, server.url);
  assert.deepEqual(seen, good(await expected()));
});
