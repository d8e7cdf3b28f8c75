// Apps of frameworks and of bundlers that bring their own project layout, built and served by the scripts of their
// package.json: `build` for production, `dev` for the development server.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { serve } from "../../tools/serve.mjs";
import { good, visit } from "./browser.mjs";
import { atEnd, expected, LIMIT, onlyAll, project, runScript, startScript } from "./project.mjs";

/** The folder with the files to serve, by app. */
const apps = {
  angular: "dist/app/browser",
  astro: "dist",
  nuxt: ".output/public",
  parcel: "dist",
  sveltekit: "build",
};

for (const [app, built] of Object.entries(apps)) {
  test(`${app}, production`, { timeout: 3 * LIMIT }, async (t) => {
    const folder = await project(t, app);
    await runScript(folder, "build");
    const server = await serve({ mounts: { "/": join(folder, built) } });
    atEnd(t, () => server.close());
    const { seen } = await visit(t, server.url);
    assert.deepEqual(seen, good(await expected()));
  });

  test(`${app}, development`, { timeout: 3 * LIMIT, skip: onlyAll }, async (t) => {
    const url = await startScript(t, await project(t, app), "dev");
    const { seen } = await visit(t, url);
    assert.deepEqual(seen, good(await expected()));
  });
}
