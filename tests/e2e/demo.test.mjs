// The demo as a visitor meets it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { artifacts, open } from "./browser.mjs";

const POSITIVE = "a gorgeous, witty, seductive movie";
const NEGATIVE = "unflinchingly bleak and desperate";
const MODEL = "**/models/sentiment/model.onnx";

let site;
before(async () => (site = await open()));
after(() => site.close());

const verdict = (page, label) => page.locator("#verdict", { hasText: new RegExp(`^${label}$`) }).waitFor();

async function ready(options) {
  const visit = await site.page(options);
  await visit.page.goto(site.url);
  await visit.page.locator("#idle").waitFor();
  return visit;
}

test("labels what is typed, and asks no other origin", async () => {
  const { page, context, elsewhere, errors } = await ready();
  await page.locator("#text").pressSequentially(POSITIVE);
  await verdict(page, "positive");
  await page.locator("#text").fill(NEGATIVE);
  await verdict(page, "negative");
  const bars = await page.locator("#bars > div").evaluateAll((rows) => rows.map((row) => row.textContent));
  assert.ok(bars.length >= 2);
  const percentages = bars.map((bar) => Number(/([\d.]+)%/.exec(bar)[1]));
  // Each is rounded to a tenth.
  assert.ok(Math.abs(percentages.reduce((sum, each) => sum + each) - 100) <= 0.05 * bars.length, bars.join());
  assert.match(await page.locator("#facts").textContent(), /^\d+ tokens · \d+\.\d ms$/);
  await page.locator("#announcement", { hasText: /^negative, [\d.]+%$/ }).waitFor({ state: "attached" });
  await page.locator("#text").fill("   ");
  await page.locator("#idle").waitFor();
  await page.getByRole("button", { name: POSITIVE }).click();
  await verdict(page, "positive");
  assert.deepEqual({ elsewhere, errors }, { elsewhere: [], errors: [] });
  await context.close();
});

test("shows progress while it loads, and reads what was typed meanwhile", async () => {
  const { page, context } = await site.page();
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route(MODEL, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(site.url);
  await page.locator("#progress").waitFor();
  await page.locator("#progress-text", { hasText: "MB" }).waitFor();
  await page.screenshot({ path: join(artifacts, "loading.png") });
  await page.locator("#text").fill(NEGATIVE);
  release();
  await verdict(page, "negative");
  assert.equal(await page.locator("#progress").isVisible(), false);
  await context.close();
});

test("goes on without a network once loaded", async () => {
  const { page, context } = await ready();
  await context.setOffline(true);
  await page.locator("#text").fill(NEGATIVE);
  await verdict(page, "negative");
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  await context.close();
});

test("says what is wrong when the model is missing, and can try again", async () => {
  const { page, context } = await site.page();
  await page.route(MODEL, (route) => route.fulfill({ status: 404 }));
  await page.goto(site.url);
  await page.getByRole("alert").waitFor();
  const message = await page.locator("#failure-text").textContent();
  assert.match(message, /models\/sentiment\/model\.onnx: status 404 \(model-not-found\)/);
  await page.screenshot({ path: join(artifacts, "failure.png") });
  await page.unroute(MODEL);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator("#idle").waitFor();
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  await context.close();
});

test("says in how many parts a long text was read", async () => {
  const { page, context } = await ready();
  await page.locator("#text").fill("It was a long and lovely film. ".repeat(200));
  await page.locator("#parts").waitFor();
  assert.match(await page.locator("#parts").textContent(), /^Read in \d+ parts: at once the model takes 512 tokens\.$/);
  await context.close();
});

test("works with the keyboard alone", async () => {
  const { page, context } = await ready();
  await page.keyboard.press("Tab");
  await page.keyboard.type(POSITIVE);
  await verdict(page, "positive");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await verdict(page, "negative");
  await context.close();
});

for (const [device, width, height] of [
  ["narrowest", 320, 640],
  ["phone", 360, 780],
  ["desktop", 1280, 860],
]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`fits a ${device} screen, ${colorScheme}`, async () => {
      const { page, context } = await ready({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
      for (const [text, label] of [
        [POSITIVE, "positive"],
        [NEGATIVE, "negative"],
      ]) {
        await page.locator("#text").fill(text);
        await verdict(page, label);
        const path = join(artifacts, `${device}-${colorScheme}-${label}.png`);
        await page.screenshot({ path, fullPage: device !== "desktop" });
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px wider than the screen`);
      await context.close();
    });
  }
}
