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
  await driver.get(`${server.url}pages/workers.html`);
  await driver.wait(() => driver.executeScript(() => "tour" in globalThis), WAIT);
  const { workers, labels, ...seen } = await driver.executeAsyncScript((done) => {
    globalThis.tour().then(done, (error) => done({ error: String(error) }));
  });
  assert.deepEqual(seen, { aborted: "aborted", streamed: ["positive", "empty-text"], again: "positive", label: "positive", kept: 4 });
  assert.deepEqual(labels, Array.from({ length: 60 }, (_, i) => (i % 2 ? "positive" : "negative")));
  assert.ok(workers >= 3, `${workers} workers`);
});
