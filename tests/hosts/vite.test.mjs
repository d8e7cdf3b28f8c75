// A Vite app of four lines without configuration: its development server and its production build.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { serve } from "../../tools/serve.mjs";
import { good, visit } from "./browser.mjs";
import { expected, LIMIT, project, STRICT, tool } from "./project.mjs";

const local = { host: "127.0.0.1", port: 0 };
const options = (root) => ({ root, configFile: false, logLevel: "warn" });
const urlOf = (server) => `http://127.0.0.1:${server.httpServer.address().port}/`;

// The current version, and the last one whose development server copies only the JavaScript of a package.
for (const name of ["vite", "vite-7"]) {
  test(`${name}, development`, { timeout: LIMIT }, async (t) => {
    const { createServer } = await tool(name);
    const server = await createServer({ ...options(await project(t, "vite")), server: local });
    t.after(() => server.close());
    await server.listen();
    const { seen } = await visit(t, urlOf(server));
    assert.deepEqual(seen, good(await expected()));
  });

  test(`${name}, production`, { timeout: LIMIT }, async (t) => {
    const { build, preview } = await tool(name);
    const root = await project(t, "vite");
    await build(options(root));
    const server = await preview({ ...options(root), preview: local });
    t.after(() => server.close());
    const { seen } = await visit(t, urlOf(server));
    assert.deepEqual(seen, good(await expected()));
  });
}

test("a Vite build under a strict Content-Security-Policy", { timeout: LIMIT }, async (t) => {
  const { build } = await tool("vite");
  const root = await project(t, "vite");
  await build(options(root));
  const server = await serve({ mounts: { "/": join(root, "dist") }, headers: { "content-security-policy": STRICT } });
  t.after(() => server.close());
  const { seen } = await visit(t, server.url);
  assert.deepEqual(seen, good(await expected()));
});
