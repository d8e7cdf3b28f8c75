// The package in pages without a bundler.
import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../../tools/serve.mjs";
import { good, visit } from "./browser.mjs";
import { expected, LIMIT, project, STRICT } from "./project.mjs";

async function site(t, headers) {
  const server = await serve({ mounts: { "/": await project(t, "page") }, headers });
  t.after(() => server.close());
  return server.url;
}

for (const file of ["index.html", "embedded.html"]) {
  test(`${file} with nothing but <script type="module">`, { timeout: LIMIT }, async (t) => {
    const { seen } = await visit(t, `${await site(t)}${file}`);
    assert.deepEqual(seen, good(await expected()));
  });

  test(`${file} under a strict Content-Security-Policy`, { timeout: LIMIT }, async (t) => {
    const { page, seen } = await visit(t, `${await site(t, { "content-security-policy": STRICT })}${file}`);
    assert.deepEqual(seen, good(await expected()));
    const evaluated = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.ran = true";
      document.body.append(script);
      return globalThis.ran ?? "refused";
    });
    assert.equal(evaluated, "refused", "the policy is in force");
  });
}

test("the recording proxy sees a request that leaves the origin", { timeout: LIMIT }, async (t) => {
  const { page, seen } = await visit(t, await site(t));
  await page.evaluate(() => {
    const request = "fetch('http://elsewhere.invalid/').catch(() => {})";
    return new Promise((done) => {
      const worker = new Worker(`data:text/javascript,${request}.then(() => postMessage(0))`);
      worker.onmessage = done;
    });
  });
  assert.ok(
    seen.crossOrigin.some((url) => url.startsWith("http://elsewhere.invalid")),
    seen.crossOrigin.join(),
  );
});
