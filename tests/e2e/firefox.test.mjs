// The demo and the package in Firefox.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { By, until } from "selenium-webdriver";
import { serveSite } from "./browser.mjs";
import { launchFirefox } from "./firefox.mjs";

const WAIT = 60_000;

let server;
let driver;
before(async () => {
  server = await serveSite();
  driver = await launchFirefox();
}, { timeout: WAIT });
after(async () => {
  await driver?.quit();
  await server.close();
});

const element = (id) => driver.findElement(By.id(id));

test("labels what is typed", { timeout: 2 * WAIT }, async () => {
  await driver.get(server.url);
  await driver.wait(until.elementIsVisible(element("idle")), WAIT, "the demo is not ready");
  for (const [text, label] of [
    ["a gorgeous, witty, seductive movie", "positive"],
    ["unflinchingly bleak and desperate", "negative"],
  ]) {
    await element("text").clear();
    await element("text").sendKeys(text);
    await driver.wait(until.elementTextIs(element("verdict"), label), WAIT);
  }
  assert.match(await element("facts").getText(), /^\d+ tokens · \d+(\.\d)? ms$/);
  assert.equal(await element("failure").isDisplayed(), false);
});

test("workers, aborts, streams and the cache", { timeout: 2 * WAIT }, async () => {
  await driver.get(`${server.url}pages/plain.html`);
  await driver.wait(() => driver.executeScript(() => "litmus" in globalThis), WAIT);
  const seen = await driver.executeAsyncScript((done) => {
    (async () => {
      const started = [];
      const { Worker } = globalThis;
      globalThis.Worker = class extends Worker {
        constructor(url, options) {
          super(url, options);
          started.push(this);
        }
      };
      const classifier = await litmus.createClassifier({ worker: 2 });
      const texts = Array.from({ length: 60 }, (_, i) => (i % 2 ? "a gorgeous movie" : "a bleak, desperate movie"));
      const labels = (await classifier.predict(texts)).map(({ label }) => label);
      const controller = new AbortController();
      const aborted = classifier.predict(texts, { signal: controller.signal }).catch(({ code }) => code);
      controller.abort();
      const streamed = [];
      for await (const { prediction, error } of classifier.stream(["a gorgeous movie", " "])) {
        streamed.push(error ? error.code : prediction.label);
      }
      // What a worker throws where nobody catches it reaches the page as this event.
      started[0].dispatchEvent(new ErrorEvent("error", { message: "killed by a test" }));
      const again = (await classifier.predict("a gorgeous movie")).label;
      classifier.close();
      const cached = await litmus.createClassifier();
      const kept = (await (await caches.open("litmus-text")).keys()).length;
      return { labels, aborted: await aborted, streamed, again, kept, cached: cached.labels.includes("positive"), workers: started.length };
    })().then(done, (error) => done({ error: String(error) }));
  });
  assert.equal(seen.error, undefined);
  assert.deepEqual(seen.labels, Array.from({ length: 60 }, (_, i) => (i % 2 ? "positive" : "negative")));
  assert.deepEqual(
    { aborted: seen.aborted, streamed: seen.streamed, again: seen.again, kept: seen.kept, cached: seen.cached },
    { aborted: "aborted", streamed: ["positive", "empty-text"], again: "positive", kept: 4, cached: true },
  );
  assert.ok(seen.workers >= 3, `${seen.workers} workers`);
});
