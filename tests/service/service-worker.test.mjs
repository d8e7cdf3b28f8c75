// examples/service-worker in Chromium: the page fetches /predict, and the service worker responds.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createHandler } from "litmus-text/handler";
import { launchChromium } from "../../tools/chromium.mjs";
import { root } from "../../tools/paths.mjs";
import { serve } from "../../tools/serve.mjs";
import { waitUntilCached } from "../harness/package-page.mjs";
import { documentedRequest, POSITIVE, post, wait } from "./harness.mjs";

describe("the service worker", { timeout: 120_000 }, () => {
  let server;
  let browser;
  let page;
  let devtools;
  before(async () => {
    server = await serve({
      mounts: {
        "/": join(root, "examples/service-worker"),
        "/litmus-text/": join(root, "pkg"),
        "/edge/": join(root, "examples/edge/src"),
      },
    });
    browser = await launchChromium();
    const context = await browser.newContext();
    page = await context.newPage();
    devtools = await context.newCDPSession(page);
    await page.goto(server.url);
    await page.waitForSelector("[data-ready]", { state: "attached" });
    await page.waitForFunction(() => navigator.serviceWorker.controller);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  /** The response to a fetch of the page. */
  const ask = (body, headers = {}, path = "/predict") =>
    page.evaluate(
      async ({ path, body, headers }) => {
        const init = {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify(body),
        };
        const response = await fetch(path, body ? init : {});
        return { status: response.status, cache: response.headers.get("x-litmus-cache"), text: await response.text() };
      },
      { path, body, headers },
    );

  let expected;
  test("responds with the same bytes as in Node", async () => {
    expected = await (await createHandler()(post({ text: POSITIVE }))).text();
    assert.deepEqual(await ask({ text: POSITIVE }), { status: 200, cache: "miss", text: expected });
    assert.deepEqual(await ask({ text: POSITIVE }), { status: 200, cache: "hit", text: expected });
    const { body, answer } = await documentedRequest();
    assert.equal((await ask(body)).text, answer, "as docs/service.md shows");
    assert.equal((await ask({ text: " " })).status, 422);
    const { text } = await ask({ texts: ["good", ""] }, { accept: "application/x-ndjson" });
    assert.equal(text.split("\n").length, 3);
    assert.equal((await ask(undefined, {}, "/health")).text, '{"status":"ok"}');
  });

  test("answers for tasks", async () => {
    const { text } = await ask({ text: "You are an idiot", tasks: ["sentiment", "toxicity"] });
    const { sentiment, toxicity } = JSON.parse(text);
    assert.deepEqual([sentiment.label, toxicity.labels], ["negative", ["toxic"]]);
  });

  /** How many of 400 texts are computed for a page that aborts its fetch, while it reads lines or waits for one response. */
  async function abandoned(lines) {
    const metric = async (series) =>
      Number((await ask(undefined, {}, "/metrics")).text.split(`\n${series} `)[1].split("\n")[0]);
    const computed = () => metric('litmus_texts_total{result="miss"}');
    const before = await computed();
    const texts = Array.from({ length: 400 }, (_, i) => `${before + i} of them were bad`);
    await page.evaluate(
      (body) => {
        self.gone = new AbortController();
        const headers = { "content-type": "application/json", ...(body.lines && { accept: "application/x-ndjson" }) };
        const call = fetch("/predict", {
          method: "POST",
          headers,
          body: JSON.stringify({ texts: body.texts }),
          signal: gone.signal,
        });
        self.call = call.then((response) => response.text()).catch(({ name }) => name);
      },
      { texts, lines },
    );
    while ((await computed()) === before) await wait(20);
    assert.equal(
      await page.evaluate(() => {
        gone.abort();
        return call;
      }),
      "AbortError",
    );
    while (await metric("litmus_queue_length")) await wait(20);
    return (await computed()) - before;
  }

  test("the work stops when the page aborts while it reads lines; Chromium does not report an abort before the response", async () => {
    const done = await abandoned(true);
    assert.ok(done < 350, `${done} texts`);
    assert.ok((await abandoned(false)) <= 400);
  });

  test("the Cache API as an external cache", async () => {
    const origins = await page.evaluate(async () => {
      const [{ createHandler }, { cacheApi }] = await Promise.all([
        import("/litmus-text/dist/handler.js"),
        import("/edge/caches.js"),
      ]);
      const asked = [];
      for (const text of ["a film", "a film", "a bad film"]) {
        const handler = createHandler({ cache: cacheApi(await caches.open("results")) }); // without results of its own
        const init = {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ text }),
        };
        asked.push((await handler(new Request("/predict", init))).headers.get("x-litmus-cache"));
      }
      return asked;
    });
    assert.deepEqual(origins, ["miss", "hit", "miss"]);
  });

  test("works offline, also after the worker was stopped and started again", async () => {
    await waitUntilCached(page, 6); // the model, and the two heads that an earlier test has used
    await server.close();
    assert.deepEqual(await ask({ text: POSITIVE }), { status: 200, cache: "hit", text: expected });
    await devtools.send("ServiceWorker.enable");
    await devtools.send("ServiceWorker.stopAllWorkers");
    assert.deepEqual(
      await ask({ text: POSITIVE }),
      { status: 200, cache: "miss", text: expected },
      "a new worker with an empty cache",
    );
    await page.reload();
    await page.fill("input", POSITIVE);
    await page.click("button");
    await page.waitForFunction(() => document.querySelector("pre").textContent);
    assert.equal(await page.textContent("pre"), expected);
  });
});
