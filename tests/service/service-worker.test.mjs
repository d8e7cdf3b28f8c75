// examples/service-worker in Chromium: the page asks /predict, and no server answers.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "../../pkg/scripts/serve.mjs";
import { root } from "../../pkg/scripts/tools.mjs";
import { launch } from "../e2e/browser.mjs";
import { createHandler } from "litmus-text/handler";
import { POSITIVE, post, shown } from "./service.mjs";

describe("the service worker", { timeout: 120_000 }, () => {
  let server;
  let browser;
  let page;
  let devtools;
  before(async () => {
    server = await serve({ mounts: { "/": join(root, "examples/service-worker"), "/litmus-text/": join(root, "pkg") } });
    browser = await launch();
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

  /** What the page's fetch is answered. */
  const ask = (body, headers = {}, path = "/predict") =>
    page.evaluate(
      async ({ path, body, headers }) => {
        const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
        const response = await fetch(path, body ? init : {});
        return { status: response.status, cache: response.headers.get("x-litmus-cache"), text: await response.text() };
      },
      { path, body, headers },
    );

  let expected;
  test("answers with the bytes of every other place", async () => {
    expected = await (await createHandler({ loadTime: 60_000 })(post({ text: POSITIVE }))).text();
    assert.deepEqual(await ask({ text: POSITIVE }), { status: 200, cache: "miss", text: expected });
    assert.deepEqual(await ask({ text: POSITIVE }), { status: 200, cache: "hit", text: expected });
    const { body, answer } = await shown();
    assert.equal((await ask(body)).text, answer, "as README says");
    assert.equal((await ask({ text: " " })).status, 422);
    const { text } = await ask({ texts: ["good", ""] }, { accept: "application/x-ndjson" });
    assert.equal(text.split("\n").length, 3);
    assert.equal((await ask(undefined, {}, "/health")).text, '{"status":"ok"}');
  });

  test("stops when the page aborts, as far as the browser tells it", async () => {
    const texts = Array.from({ length: 400 }, (_, i) => `${i} of them were bad`);
    const queue = async () => Number(/^litmus_queue_length (\d+)$/m.exec((await ask(undefined, {}, "/metrics")).text)[1]);
    await page.evaluate(async (texts) => {
      const headers = { "content-type": "application/json", accept: "application/x-ndjson" };
      const response = await fetch("/predict", { method: "POST", headers, body: JSON.stringify({ texts }) });
      const reader = response.body.getReader();
      await reader.read();
      await reader.cancel();
    }, texts);
    while (await queue()) await new Promise((resolve) => setTimeout(resolve, 20));
    const done = /result="miss"} (\d+)/.exec((await ask(undefined, {}, "/metrics")).text)[1];
    assert.ok(done < 350, `${done} texts`);
  });

  test("answers without a network, also once it was stopped and started again", async () => {
    await page.waitForFunction(async () => {
      const cache = await caches.open("litmus-text");
      const found = await Promise.all((await cache.keys()).map((key) => cache.match(key)));
      return found.filter(Boolean).length === 4; // storing goes on for a moment after the load
    });
    await server.close();
    assert.deepEqual(await ask({ text: POSITIVE }), { status: 200, cache: "hit", text: expected });
    await devtools.send("ServiceWorker.enable");
    await devtools.send("ServiceWorker.stopAllWorkers");
    assert.deepEqual(await ask({ text: POSITIVE }), { status: 200, cache: "miss", text: expected }, "another worker, with nothing in its cache");
    await page.reload();
    await page.fill("input", POSITIVE);
    await page.click("button");
    await page.waitForFunction(() => document.querySelector("pre").textContent);
    assert.equal(await page.textContent("pre"), expected);
  });
});
