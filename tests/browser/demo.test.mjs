// The demo: typing, loading, the words that decided, long texts, links.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { useSite } from "../harness/site.mjs";
import { artifacts, MODEL, NEGATIVE, POSITIVE, ready, SENTENCE, verdict } from "./demo.mjs";

const site = useSite();

const words = (page) => page.locator("#weights li").evaluateAll((items) => items.map((item) => item.textContent));

test("labels typed text, without requests to another origin", async () => {
  const { page, context, crossOrigin, errors } = await ready(site);
  await page.locator("#text").pressSequentially(POSITIVE);
  await verdict(page, "positive");
  await page.locator("#text").fill(NEGATIVE);
  await verdict(page, "negative");
  const bars = await page.locator("#bars > div").evaluateAll((rows) => rows.map((row) => row.textContent));
  assert.equal(bars.length, 3);
  const percentages = bars.map((bar) => Number(/([\d.]+)%/.exec(bar)[1]));
  // Each percentage is rounded to a tenth.
  assert.ok(Math.abs(percentages.reduce((sum, each) => sum + each) - 100) <= 0.05 * bars.length, bars.join());
  assert.match(await page.locator("#facts").textContent(), /^\d+ tokens · \d+\.\d ms$/);
  await page.locator("#announcement", { hasText: /^negative, [\d.]+%$/ }).waitFor({ state: "attached" });
  await page.locator("#text").fill("   ");
  await page.locator("#idle").waitFor();
  await page.getByRole("button", { name: POSITIVE }).click();
  await verdict(page, "positive");
  assert.deepEqual({ crossOrigin, errors }, { crossOrigin: [], errors: [] });
  await context.close();
});

test("the result is announced to screen readers once, after a pause in typing", async () => {
  const { page, context } = await ready(site);
  await page.locator("#announcement", { hasText: "Ready" }).waitFor({ state: "attached" }); // the model's arrival
  await page.evaluate(() => {
    globalThis.told = [];
    new MutationObserver(() => told.push(document.getElementById("announcement").textContent)).observe(
      document.getElementById("announcement"),
      { childList: true },
    );
  });
  await page.locator("#text").pressSequentially(NEGATIVE, { delay: 30 });
  await page.locator("#announcement", { hasText: "negative" }).waitFor({ state: "attached" });
  assert.equal((await page.evaluate(() => told)).filter(Boolean).length, 1);
  await context.close();
});

test("shows progress while the model loads, then labels text that was typed meanwhile", async () => {
  const { page, context } = await site.newPage();
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

test("shows an error when the model is missing, and can try again", async () => {
  const { page, context } = await site.newPage();
  await page.route(MODEL, (route) => route.fulfill({ status: 404 }));
  await page.goto(site.url);
  await page.getByRole("alert").waitFor();
  const message = await page.locator("#failure-text").textContent();
  assert.match(message, /models\/english\/model\.onnx: status 404 \(model-not-found\)/);
  await page.screenshot({ path: join(artifacts, "failure.png") });
  await page.unroute(MODEL);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator("#text:focus").waitFor(); // the button is gone
  await page.locator("#idle").waitFor();
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  await context.close();
});

test("marks and lists the words that decided, and can be switched off", async () => {
  const { page, context, errors } = await ready(site);
  await page.locator("#text").fill(SENTENCE);
  await page.locator("#weights li").first().waitFor();
  const named = await words(page);
  assert.match(named[0], /^loved \+0\.\d\d$/);
  assert.ok(
    named.some((word) => /^predictable −0\.\d\d$/.test(word)),
    named.join(),
  );
  // The marks lie below the letters of the words.
  const marks = page.locator("#marks");
  assert.equal((await marks.textContent()).replace("\u200b", ""), SENTENCE);
  assert.equal(await marks.locator(".for", { hasText: /^loved$/ }).count(), 1);
  assert.equal(await marks.locator(".against", { hasText: /^predictable$/ }).count(), 1);
  const style = (mark) =>
    marks
      .locator(mark)
      .first()
      .evaluate((element) => getComputedStyle(element).textDecorationStyle);
  assert.deepEqual([await style(".for"), await style(".against")], ["solid", "dashed"]);
  // Text that is typed behind them does not move them.
  await page.locator("#text").press("End");
  await page.keyboard.type(" Really");
  assert.equal(await marks.locator(".for", { hasText: /^loved$/ }).count(), 1);
  // In a text that is too long to weigh its words, none has a colour.
  await page.locator("#text").fill(`${SENTENCE} `.repeat(80));
  await page.locator("#words-note", { hasText: "passage" }).waitFor();
  assert.equal(await marks.locator("mark").count(), 0);
  await page.locator("#text").fill(SENTENCE);
  await page.locator("#weights li").first().waitFor();
  await page.getByRole("switch").click();
  await page.locator("#words-note").waitFor();
  assert.equal(await marks.locator("mark").count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
});

test("the layer of marks has the same layout as the text", async () => {
  const { page, context } = await ready(site, { viewport: { width: 360, height: 780 } });
  await page.locator("#text").fill(`${SENTENCE} `.repeat(8));
  const boxes = await page.evaluate(() =>
    ["text", "marks"].map((id) => {
      const element = document.getElementById(id);
      const { font, letterSpacing, paddingLeft } = getComputedStyle(element);
      return {
        font,
        letterSpacing,
        paddingLeft,
        width: element.clientWidth,
        height: element.scrollHeight,
        left: element.getBoundingClientRect().left,
      };
    }),
  );
  assert.deepEqual(boxes[0], boxes[1]);
  await context.close();
});

test("warns of a text that the model cannot read", async () => {
  const { page, context } = await ready(site);
  await page.locator("#text").fill("这部电影太好看了，我非常喜欢。");
  await page.locator("#warning").waitFor();
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  await page.locator("#warning").waitFor({ state: "hidden" });
  await context.close();
});

test("a long text is shown as a strip of passages with their words", async () => {
  const { page, context, errors } = await ready(site);
  await page.locator("#long-example").click();
  await page.locator("#passages").waitFor();
  assert.match(
    await page.locator("#parts").textContent(),
    /^Read in \d+ parts: the model reads at most 512 tokens at once\.$/,
  );
  const columns = page.locator("#heat span");
  const count = await columns.count();
  assert.ok(count > 2, `${count} passages`);
  const tones = await columns.evaluateAll((all) => all.map(({ dataset }) => dataset.tone));
  assert.ok(tones.includes("positive") && tones.includes("negative"), tones.join());
  const slider = page.getByRole("slider");
  await slider.focus();
  await page.keyboard.press("Home");
  await page.locator("#passage-verdict", { hasText: `Passage 1 of ${count}:` }).waitFor();
  assert.match(await slider.getAttribute("aria-valuetext"), /^Passage 1 of \d+: \w+, [\d.]+%$/);
  assert.ok((await page.locator("#passage-text").textContent()).startsWith("The film opens on a quiet street"));
  await page.locator("#passage-weights li").first().waitFor({ timeout: 60_000 });
  await columns.last().click();
  await page.locator("#passage-verdict", { hasText: `Passage ${count} of ${count}:` }).waitFor();
  // A new text does not wait for the computation that is running.
  await page.locator("#text").fill(NEGATIVE);
  await verdict(page, "negative");
  await page.locator("#passages").waitFor({ state: "hidden" });
  assert.deepEqual(errors, []);
  await context.close();
});

test("a link carries the text in its fragment, which no server sees", async () => {
  const { page, context } = await ready(site, { permissions: ["clipboard-read", "clipboard-write"] });
  const text = "100 % gorgeous & witty? Yes 🙂 #1";
  await page.locator("#text").fill(text);
  await page.locator("#share").click();
  await page.locator("#shared", { hasText: "Copied" }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, `${site.url}#text=${encodeURIComponent(text)}`);
  const asked = [];
  const other = await context.newPage();
  other.on("request", (request) => asked.push(request.url()));
  await other.goto(link);
  await verdict(other, "positive");
  assert.equal(await other.locator("#text").inputValue(), text);
  assert.deepEqual(
    asked.filter((url) => /gorgeous/.test(url) && !url.startsWith(link)),
    [],
  );
  await other.evaluate(() => (location.hash = "#text=unflinchingly%20bleak"));
  await verdict(other, "negative");
  await other.evaluate(() => (location.hash = "#text=%E0%A4%A"));
  assert.equal(await other.locator("#text").inputValue(), "unflinchingly bleak");
  // Coming back to a link that was followed or copied leaves the text.
  for (const [visited, name] of [
    [page, "copied"],
    [other, "followed"],
  ]) {
    if (visited === other) await other.evaluate(() => (location.hash = "#text=bleak"));
    await visited.locator("#text").fill(`typed after the link was ${name}`);
    await visited.locator("nav a").nth(1).click();
    await visited.waitForURL("**/#bulk");
    await visited.goBack();
    await visited.waitForURL("**/#text=*");
    await visited.waitForTimeout(200); // the event
    assert.equal(await visited.locator("#text").inputValue(), `typed after the link was ${name}`);
  }
  await page.locator("#text").fill("so ".repeat(3000));
  await page.locator("#share").click();
  await page.locator("#shared", { hasText: "Too long" }).waitFor();
  await context.close();
});

test("texts with values follow the language, and a second click on the language goes back", async () => {
  const { page, context, errors } = await ready(site);
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/strings/zh-Hans.js", async (route) => {
    await held;
    await route.continue();
  });
  for (let i = 0; i < 2; i++) await page.locator("#language").click();
  release();
  await page.waitForTimeout(1000);
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await page.locator("#language").click();
  await page.locator("html:lang(zh-Hans)").waitFor();
  await page.locator("#long-example").click();
  await page.locator("#words-note", { hasText: "在下面选一段" }).waitFor();
  await page.locator("#text").fill("so ".repeat(3000));
  await page.locator("#share").click();
  await page.locator("#shared", { hasText: "太长" }).waitFor();
  await page.locator("#language").click();
  await page.locator("#shared", { hasText: "Too long" }).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("if a script of a part cannot be loaded, the page says so", async () => {
  const { page, context } = await site.newPage({ serviceWorkers: "block" }); // it would have stored them
  for (const path of ["**/bulk.js", "**/share.js", "**/strings/zh-Hans-parts.js", "**/benches/texts.mjs"])
    await page.route(path, (route) => route.abort());
  await page.goto(site.url);
  await page.locator("#idle").waitFor();
  for (const id of ["share", "language", "long-example"]) {
    await page.evaluate(() => (document.getElementById("shared").textContent = ""));
    await page.locator(`#${id}`).click();
    await page.locator("#shared", { hasText: "could not be loaded" }).waitFor();
  }
  await page.locator("#bulk-choose").click();
  await page.getByRole("alert").getByText("could not be loaded").waitFor();
  assert.equal(await page.locator("#bulk .broken").count(), 1);
  await context.close();
});

test("works offline once loaded", async () => {
  const { page, context } = await ready(site);
  await context.setOffline(true);
  await page.locator("#text").fill(NEGATIVE);
  await verdict(page, "negative");
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  await context.close();
});

for (const [device, width, height] of [
  ["narrowest", 320, 640],
  ["phone", 390, 844],
  ["desktop", 1440, 900],
  ["4K", 3840, 2160],
]) {
  test(`fits a ${device} screen`, async () => {
    const { page, context } = await ready(site, { viewport: { width, height }, reducedMotion: "reduce" });
    const fits = async (what) => {
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${what}: ${overflow} px wider than the screen`);
    };
    const word = "amazing".repeat(7);
    for (const language of ["en", "zh-Hans"]) {
      await page.locator(`html[lang="${language}"]`).waitFor();
      await page.locator("#text").fill(word);
      await page.locator("#weights li", { hasText: word }).waitFor();
      await fits(`a long word in ${language}`);
      await page.locator("#long-example").click();
      await page.locator("#passages").waitFor();
      await fits(`a long text in ${language}`);
      await page.locator("#language").click();
    }
    await context.close();
  });
}
