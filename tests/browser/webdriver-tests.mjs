// The demo and the package in a browser that is driven through WebDriver.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { By, Key, until } from "selenium-webdriver";
import { serve } from "../../tools/serve.mjs";
import { serveSite } from "../harness/site.mjs";
import { fixture } from "./demo.mjs";

const WAIT = 60_000;

/** Defines the tests. `launch` starts the browser. */
export function testBrowser(launch) {
  let server;
  let driver;
  before(
    async () => {
      server = await serveSite();
      driver = await launch();
    },
    { timeout: WAIT },
  );
  after(async () => {
    await driver?.quit();
    await server.close();
  });

  const element = (id) => driver.findElement(By.id(id));
  const untilOffline = () =>
    driver.wait(
      () => driver.executeScript(() => "offline" in document.documentElement.dataset),
      WAIT,
      "the demo is not cached",
    );

  test("the demo labels typed text", { timeout: 2 * WAIT }, async () => {
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
    await element("task-emotion").click();
    await driver.wait(until.elementLocated(By.css("#emotions li")), WAIT);
    assert.equal(await element("failure").isDisplayed(), false);
    await untilOffline(); // the browser has requested the service worker, which is not the page's request
    assert.equal(await element("sent").getText(), "0 bytes sent since the model arrived");
    assert.equal(await element("network").getAttribute("data-requests"), "0");
  });

  test("the other parts of the demo, then all of it offline", { timeout: 5 * WAIT }, async () => {
    const own = await serveSite();
    const otherOrigin = await serve({ mounts: { "/": fixture("") }, headers: { "access-control-allow-origin": "*" } });
    const shown = (id) => driver.wait(until.elementIsVisible(element(id)), WAIT, id);
    const click = (id) => driver.executeScript((id) => document.getElementById(id).click(), id);
    try {
      await driver.get(own.url);
      await shown("idle");
      await element("text").sendKeys("The plot is predictable, yet I loved every minute of it");
      await driver.wait(until.elementLocated(By.css("#weights li mark.for")), WAIT);
      await element("bulk-paste").sendKeys("a gorgeous movie", Key.ENTER, "bleak and desperate");
      await click("bulk-read");
      await shown("bulk-start");
      await click("bulk-start");
      await shown("bulk-save");
      assert.match(await element("bulk-status").getText(), /^2 rows/);
      await click("teach-sample");
      await driver.wait(until.elementLocated(By.css("#teach-labels li:nth-child(3)")), WAIT);
      await click("teach-start");
      await driver.wait(until.elementLocated(By.css("#teach-matrix td")), WAIT);
      await element("model-url").sendKeys(`${otherOrigin.url}tiny`);
      await click("model-fetch");
      await shown("model-result");
      const labels = await driver.findElements(By.css("#model-labels li"));
      assert.deepEqual(await Promise.all(labels.map((label) => label.getText())), ["joy", "anger", "surprise"]);
      await untilOffline();
      await own.close();
      await driver.get(own.url); // not a refresh: geckodriver bypasses service workers in those
      await shown("idle");
      await element("text").sendKeys("bleak and desperate");
      await driver.wait(until.elementTextIs(element("verdict"), "negative"), WAIT);
    } finally {
      await otherOrigin.close();
      await own.close();
    }
  });

  test("workers, aborts, streams and the cache", { timeout: 2 * WAIT }, async () => {
    await driver.get(`${server.url}pages/workers.html`);
    await driver.wait(() => driver.executeScript(() => "tour" in globalThis), WAIT);
    const { workers, labels, ...seen } = await driver.executeAsyncScript((done) => {
      globalThis.tour().then(done, (error) => done({ error: String(error) }));
    });
    assert.deepEqual(seen, {
      aborted: "aborted",
      streamed: ["positive", "empty-text"],
      again: "positive",
      label: "positive",
      kept: 4,
    });
    assert.deepEqual(
      labels,
      Array.from({ length: 60 }, (_, i) => (i % 2 ? "positive" : "negative")),
    );
    assert.ok(workers >= 3, `${workers} workers`);
  });
}
