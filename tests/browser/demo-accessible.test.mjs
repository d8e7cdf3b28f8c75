// Accessibility of the demo: axe in both themes and languages, keyboard only, reduced motion, forced colours.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { useSite } from "../harness/site.mjs";
import { chooseFolder, fileOf, POSITIVE, ready, SENTENCE, verdict } from "./demo.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The scripts of the parts below the first view, and that of links, which loads the texts of the parts. */
const OF_PARTS = /^(bulk|results|rows|rows-worker|running|table|teach|teach-.*|own-model|speed|share)\.js$/;
const www = new URL("../../www/", import.meta.url);

const site = useSite();
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The violations that axe finds in the page as it is. */
async function violationsNow(page) {
  const all = await page.evaluate(async (tags) => (await axe.run(document, { runOnly: tags })).violations, RULES);
  return all.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`),
  );
}

/** Keeps the English model in use, which has all tasks, and waits until it has read the text again. */
async function untilSettled(page) {
  if (await page.locator("#packaged").isVisible()) await page.locator("#packaged").selectOption("english");
  await page.locator("#test:not([data-state=loading])").waitFor();
  await page.waitForTimeout(1000); // the words
}

/** The violations that axe finds in each theme and language. */
async function violations(page) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (let i = 0; i < 2; i++) {
      const before = await page.evaluate(() => document.documentElement.lang);
      await page.locator("#language").click();
      const language = before === "en" ? "zh-Hans" : "en";
      await page.locator(`html[lang="${language}"]`).waitFor();
      await untilSettled(page);
      found.push(...(await violationsNow(page)).map((each) => `${colorScheme} ${language} ${each}`));
    }
  }
  return found;
}

test("axe finds nothing in any state, theme or language", async () => {
  const { page, context } = await ready(site, { reducedMotion: "reduce" });
  await page.evaluate(axe);
  const showUpdate = (is) => page.locator("#update").evaluate((banner, is) => (banner.hidden = !is), is);
  await showUpdate(true);
  assert.deepEqual(await violations(page), [], "at first, with a new version");
  await showUpdate(false);
  await page.locator("#language").click();
  await page.locator("#examples:lang(zh-Hans) button").first().click();
  await page.locator("#weights li").first().waitFor();
  assert.deepEqual(await violationsNow(page), [], "the multilingual model");
  await page.locator("#language").click();
  await page.locator("#text").fill(SENTENCE);
  await page.locator("#weights li").first().waitFor();
  await page.locator("#network summary").click();
  await page.locator("#bulk-sample").click();
  await page.locator("#bulk-setup").waitFor();
  await chooseFolder(page, "bad/no-labels");
  await page.locator("#model-failure").waitFor();
  assert.deepEqual(await violations(page), [], "words, a table's columns, a bad model");
  await page.locator("#task-emotion").click();
  await page.locator("#emotions .weights li").first().waitFor();
  await page.locator("#bulk-tasks [value=emotion]").check();
  await page.locator("#teach-sample").click();
  await page.locator("#teach-file").setInputFiles(await fileOf("rows.txt", "Where is it?\nWell done\n"));
  await page.locator("#teach-setup").waitFor();
  assert.deepEqual(await violations(page), [], "emotions, examples");
  await page.locator("#teach-setup button").click();
  await page.locator("#teach-row:focus").waitFor();
  await page.locator("#teach-start").click();
  await page.locator("#teach-matrix td").first().waitFor();
  await page.locator("#teach-try").fill("Where is it?");
  await page.locator("#task-toxicity").click();
  await page.locator("#gauges input").first().waitFor();
  assert.deepEqual(await violations(page), [], "gauges, a row to label, the report");
  await page.locator("#bulk-start").click();
  await page.locator("#bulk-status", { hasText: "%" }).waitFor();
  await page.locator("#bulk-cancel").click();
  await page.locator("#bulk-save").waitFor();
  await page.locator("#speed-start").click();
  await page.locator(".here strong", { hasText: /\d/ }).first().waitFor({ timeout: 60_000 });
  await page.locator("#speed-stop").click();
  await page.locator("#long-example").click();
  // The words of the passage, or that none decided. The note has no height of its own: Playwright takes it for hidden.
  const explained = page.locator("#passage-weights li, #passage-note:text('decided')").first();
  await explained.waitFor({ timeout: 120_000, state: "attached" });
  assert.deepEqual(await violations(page), [], "passages, a table, the benchmark");
  await chooseFolder(page, "tiny");
  await page.locator("#model-result").waitFor();
  assert.deepEqual(await violations(page), [], "an own model");
  await context.close();
});

test("a keyboard is enough for everything", async () => {
  const { page, context, errors } = await ready(site);
  const tabTo = async (selector) => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) {
        const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        assert.notEqual(outline, "none", `${selector} does not show its focus`);
        return;
      }
    }
    assert.fail(`Tab never comes to ${selector}`);
  };
  await tabTo(".skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "text", "the target of the skip link");
  await page.keyboard.type(POSITIVE);
  await verdict(page, "positive");
  await tabTo("#task-sentiment");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.locator("#gauges input").first().waitFor();
  await tabTo("#gauges input");
  await page.keyboard.press("Home");
  await page.locator(".gauge.flagged").first().waitFor();
  await page.locator("#task-toxicity").focus();
  await page.keyboard.press("Home");
  await verdict(page, "positive");
  await tabTo("#explain");
  await page.keyboard.press("Space");
  assert.equal(await page.locator("#explain").isChecked(), false);
  await tabTo("#network summary");
  await page.keyboard.press("Enter");
  await page.locator("#network p").waitFor();
  await tabTo("#examples button");
  await page.keyboard.press("Enter");
  await verdict(page, "positive");
  await tabTo("#bulk-sample");
  await page.keyboard.press("Enter");
  await page.locator("#bulk-start:focus").waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#bulk-pause:focus").waitFor();
  await page.locator("#bulk-status", { hasText: "%" }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#bulk-status", { hasText: "Paused" }).waitFor();
  await tabTo("#bulk-cancel");
  await page.keyboard.press("Enter");
  await page.locator("#bulk-save:focus").waitFor();
  const download = page.waitForEvent("download");
  await page.keyboard.press("Enter");
  await download;
  await tabTo("th.score button");
  await page.keyboard.press("Enter");
  await page.locator("th.score[aria-sort=descending]").waitFor();
  await tabTo("#teach-sample");
  await page.keyboard.press("Enter");
  await page.locator("#teach-labels li").nth(2).waitFor();
  await tabTo("#teach-start");
  await page.keyboard.press("Enter");
  await page.locator("#teach-accuracy:focus").waitFor();
  await tabTo("#teach-above");
  await tabTo("#model-choose");
  // Browsers open the folder dialog only after a real key press. The test checks that, and prevents the dialog.
  await page.locator("#model-folder").evaluate((input) =>
    input.addEventListener(
      "click",
      (event) => {
        event.preventDefault();
        globalThis.asked = navigator.userActivation.isActive;
      },
      { once: true },
    ),
  );
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => globalThis.asked);
  await chooseFolder(page, "tiny");
  await page.locator("#model-result").waitFor();
  await tabTo("#model-back");
  await page.keyboard.press("Enter");
  await verdict(page, "positive");
  await tabTo("#speed-start");
  assert.deepEqual(errors, []);
  await context.close();
});

test("the language is that of the browser, until the visitor chooses another", async () => {
  const { page, context } = await ready(site, { locale: "zh-CN" });
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hans");
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "正面");
  await page.locator("#announcement", { hasText: "正面" }).waitFor({ state: "attached" });
  await page.getByRole("button", { name: "English" }).click();
  await verdict(page, "positive");
  await page.reload();
  await page.locator("h1", { hasText: "Dip a sentence." }).waitFor();
  await context.close();
});

test("both languages have the same strings, and those in index.html are the English ones", async () => {
  const { page, context } = await ready(site);
  const html = await readFile(new URL("index.html", www), "utf8");
  const en = {};
  for (const part of ["", "-parts"]) {
    const { default: english } = await import(`../../www/strings/en${part}.js`);
    const { default: chinese } = await import(`../../www/strings/zh-Hans${part}.js`);
    assert.deepEqual(Object.keys(chinese).sort(), Object.keys(english).sort());
    for (const key of Object.keys(english)) assert.equal(typeof chinese[key], typeof english[key], key);
    Object.assign(en, english);
  }
  const used = await page.evaluate((html) => {
    const all = new DOMParser().parseFromString(html, "text/html");
    const texts = [...all.querySelectorAll("[data-t]")].map((each) => [each.dataset.t, each.textContent]);
    const labels = [...all.querySelectorAll("[data-t-label]")].map((each) => [each.dataset.tLabel, each.ariaLabel]);
    const hints = [...all.querySelectorAll("[data-t-placeholder]")].map((each) => [
      each.dataset.tPlaceholder,
      each.placeholder,
    ]);
    return [...texts, ...labels, ...hints];
  }, html);
  assert.ok(used.length > 50);
  for (const [key, text] of used) assert.ok(key in en && (text === "" || text === en[key]), `${key}: ${text}`);
  // The first view has its texts before any script runs.
  assert.ok(used.filter(([, text]) => text).length > 20);
  await context.close();
});

test("texts that are loaded with the parts are neither shown nor used before", async () => {
  for (const locale of ["en", "zh-CN"]) {
    const { page, context } = await ready(site, { locale });
    const empty = () =>
      page.evaluate(() =>
        Array.from(document.querySelectorAll("[data-t]:empty"), (each) => [each.dataset.t, each.checkVisibility()]),
      );
    const before = await empty();
    assert.ok(before.length > 20, "no text is left for later");
    const shown = before.filter(([, isVisible]) => isVisible);
    assert.deepEqual(shown, []);
    await page.locator("#speed-title").scrollIntoViewIfNeeded();
    await page.waitForFunction(() => !document.querySelector("[data-t]:empty"));
    await context.close();
  }
  const { default: texts } = await import("../../www/strings/en-parts.js");
  const scripts = (await readdir(www)).filter((name) => name.endsWith(".js") && !OF_PARTS.test(name));
  assert.ok(scripts.length > 20);
  for (const name of scripts) {
    const code = await readFile(new URL(name, www), "utf8");
    const used = Object.keys(texts).filter((key) => code.includes(`"${key}"`));
    assert.deepEqual(used, [], name);
  }
});

test("reduced motion disables transitions, and forced colours keep the bars", async () => {
  const { page, context } = await ready(site, { reducedMotion: "reduce", forcedColors: "active" });
  await page.locator("#text").fill(SENTENCE);
  await page.locator("#weights li").first().waitFor();
  const durations = await page.evaluate(() =>
    [".rise", ".verdict", "#bars > div"].map(
      (each) =>
        getComputedStyle(document.querySelector(each), each.endsWith("div") ? "::after" : null).transitionProperty,
    ),
  );
  assert.deepEqual(durations, ["none", "none", "none"]);
  const bar = await page
    .locator("#bars > div")
    .last()
    .evaluate((row) => getComputedStyle(row, "::after").backgroundImage);
  assert.match(bar, /gradient/);
  await page.screenshot({ path: new URL("artifacts/forced-colors.png", import.meta.url).pathname });
  await context.close();
});
