// The package in pages without a bundler.
import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../../tools/serve.mjs";
import { good, visit } from "./browser.mjs";
import { atEnd, expected, LIMIT, project, STRICT } from "./project.mjs";

async function site(t, headers) {
  const server = await serve({ mounts: { "/": await project(t, "page") }, headers });
  atEnd(t, () => server.close());
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

/** Where another classifier of the page runs, and what the console has said about that. */
async function runAgain(page) {
  const runsIn = await page.evaluate(async () => {
    const { createClassifier } = await import("./node_modules/litmus-text/dist/index.js");
    const classifier = await createClassifier();
    const { runsIn } = classifier.info;
    classifier.close();
    return runsIn;
  });
  const warnings = (await page.consoleMessages()).filter((message) => message.type() === "warning");
  return { runsIn, warnings: warnings.map((message) => message.text()) };
}

test("a page computes in a worker, without a warning", { timeout: LIMIT }, async (t) => {
  const { page } = await visit(t, await site(t));
  assert.deepEqual(await runAgain(page), { runsIn: "worker", warnings: [] });
});

/** Policies of the page that the worker's script does not meet, and the reason that the warning gives. */
const forbidding = {
  "Content-Security-Policy": {
    headers: { "content-security-policy": `${STRICT}; worker-src 'none'` },
    reason: /the Content-Security-Policy forbids it \(worker-src does not allow http:.*worker\.js\)/,
  },
  "Cross-Origin-Embedder-Policy": {
    headers: { "cross-origin-embedder-policy": "require-corp" },
    reason: /the page's Cross-Origin-Embedder-Policy forbids it: send this header with http:\S+worker\.js, too/,
  },
};

for (const [policy, { headers, reason }] of Object.entries(forbidding)) {
  test(`a page whose ${policy} forbids the worker computes by itself, and says so once`, {
    timeout: LIMIT,
  }, async (t) => {
    const { page, seen } = await visit(t, await site(t, (path) => (path.endsWith(".js") ? {} : headers)));
    assert.equal(seen.shown, await expected());
    const { runsIn, warnings } = await runAgain(page);
    assert.equal(runsIn, "page");
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0], /^litmus-text: no worker could be started: /);
    assert.match(warnings[0], reason);
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
