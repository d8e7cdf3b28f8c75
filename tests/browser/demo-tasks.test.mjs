// The tasks in the demo: tabs that keep the text, the ranked emotions, the gauges, several tasks in one table, and the pairs
// and labels of a model for natural language inference.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useSite } from "../harness/site.mjs";
import { chooseFolder, download, fileOf, NEGATIVE, POSITIVE, ready, verdict } from "./demo.mjs";

const THANKS = "Thank you so much, you saved my day";
const INSULT = "You are an idiot";

const site = useSite();

const tab = (page, name) => page.getByRole("tab", { name, exact: true });

test("a tab keeps the text and reads it for another task", async () => {
  const { page, context, errors, crossOrigin } = await ready(site);
  await page.locator("#text").fill(THANKS);
  await verdict(page, "positive");
  await tab(page, "Emotion").click();
  await page.locator("#verdict", { hasText: "gratitude" }).waitFor();
  assert.equal(await page.locator("#text").inputValue(), THANKS);
  assert.match(await page.locator("#code").textContent(), /predict\(\n {2}"Thank you .*", \{ task: "emotion" \},\n\)/);
  await tab(page, "Toxicity").click();
  await verdict(page, "nothing flagged");
  await tab(page, "Sentiment").click();
  await verdict(page, "positive");
  assert.equal(await page.locator("#bars > div").count(), 3);
  // Its requests are the page's own files.
  assert.equal(await page.locator("#network").getAttribute("data-requests"), "0");
  assert.deepEqual({ errors, crossOrigin }, { errors: [], crossOrigin: [] });
  await context.close();
});

test("the arrow keys move between the tabs, of which one is in the tab order", async () => {
  const { page, context } = await ready(site);
  await page.locator("#text").fill(THANKS);
  await verdict(page, "positive");
  await tab(page, "Sentiment").focus();
  await page.keyboard.press("ArrowRight");
  await page.locator("#task-emotion:focus").waitFor();
  await page.locator("#verdict", { hasText: "gratitude" }).waitFor();
  assert.equal(await page.locator("#reading").getAttribute("aria-labelledby"), "task-emotion");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await page.locator("#task-toxicity:focus").waitFor();
  assert.deepEqual(
    await page.locator("#tasks button").evaluateAll((tabs) => tabs.map(({ tabIndex }) => tabIndex)),
    [-1, -1, 0],
  );
  await context.close();
});

test("emotions are ranked, with their thresholds and words; a chosen one has its words coloured", async () => {
  const { page, context, errors } = await ready(site);
  await tab(page, "Emotion").click();
  await page.locator("#text").fill(THANKS);
  const rows = page.locator("#emotions > li");
  await rows.first().locator(".weights li").first().waitFor();
  const values = (property) =>
    page
      .locator("#emotions button")
      .evaluateAll((all, name) => all.map((each) => Number(each.style.getPropertyValue(name))), property);
  const scores = await values("--score");
  assert.ok(scores.length >= 6, scores.join());
  assert.deepEqual(
    scores,
    scores.toSorted((a, b) => b - a),
  );
  const limits = await values("--limit");
  const given = await rows.evaluateAll((all) => all.map((each) => each.classList.contains("given")));
  assert.deepEqual(
    given,
    scores.map((score, i) => score >= limits[i]),
  );
  assert.ok(given.includes(true) && given.includes(false), given.join());
  assert.match(await rows.first().locator(".weights").textContent(), /Thank \+0\.\d\d/);
  const chosen = () => page.locator("#emotions [aria-pressed=true]").getAttribute("data-label");
  assert.equal(await chosen(), "gratitude");
  await rows.nth(1).locator("button").click();
  assert.notEqual(await chosen(), "gratitude");
  await rows.nth(1).locator("button:focus").waitFor();
  const word = rows.nth(1).locator(".weights mark").first();
  await word.waitFor();
  const coloured = page.locator(`#marks mark[title="${await word.getAttribute("title")}"]`);
  await coloured.filter({ hasText: await word.textContent() }).waitFor({ state: "attached" });
  // Without colours, there are no words below the emotions either.
  await page.locator("#explain").click();
  assert.equal(await page.locator("#emotions .weights li, #marks mark").count(), 0);
  await page.waitForTimeout(1000); // longer than the explanation that was running takes
  assert.equal(await page.locator("#emotions .weights li, #marks mark").count(), 0);
  await page.locator("#explain").click();
  await rows.first().locator(".weights li").first().waitFor();
  // A choice while another text is being read does not stop that, and colours no word of it.
  const long = `${INSULT}. `.repeat(400);
  await page.locator("#text").fill(long);
  await page.locator("#facts", { hasText: "Reading passage" }).waitFor();
  await rows.nth(2).locator("button").click();
  assert.equal(await page.locator("#marks mark").count(), 0);
  await page.locator("#passages").waitFor({ timeout: 60_000 });
  assert.deepEqual(errors, []);
  await context.close();
});

test("a handle moves the threshold of a gauge, and the verdict with it", async () => {
  const { page, context, errors } = await ready(site);
  await tab(page, "Toxicity").click();
  await page.locator("#text").fill(INSULT);
  await page.locator("#verdict", { hasText: "toxic" }).waitFor();
  const handle = page.getByRole("slider", { name: "Threshold for toxic" });
  assert.equal(await handle.inputValue(), "0.24"); // the head's own, 0.2402
  assert.match(await page.locator(".gauge").first().textContent(), /^toxic [\d.]+%, flagged$/);
  await handle.focus();
  await page.keyboard.press("End");
  assert.equal(await handle.getAttribute("aria-valuetext"), "100.0%");
  await page.locator(".gauge", { hasText: /^toxic [\d.]+%, below the threshold$/ }).waitFor();
  await page.locator("#limits-reset").click();
  await page.locator("#verdict", { hasText: "toxic" }).waitFor();
  assert.equal(await page.locator("#limits-reset").isVisible(), false);
  await page.locator("#weights li", { hasText: "idiot" }).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("a label has its own colour inside an element with another one", async () => {
  const { page, context } = await ready(site);
  const tones = await page.evaluate(() => {
    const list = document.getElementById("views");
    document.getElementById("test").dataset.tone = "negative";
    return ["other-0", "other-1", "positive"].map((tone) => {
      const row = document.createElement("div");
      row.dataset.tone = tone;
      list.append(row);
      const style = getComputedStyle(row);
      const colour = (name) => style.getPropertyValue(name);
      const names = ["--violet", "--teal", "--blue", "--red"].filter((name) => colour(name) === colour("--tone"));
      return [...names, colour("--counter") === colour("--soft")];
    });
  });
  assert.deepEqual(tones, [
    ["--violet", true],
    ["--teal", true],
    ["--blue", false],
  ]);
  await context.close();
});

test("a table is read for several tasks in one pass", async () => {
  const { page, context, errors } = await ready(site);
  await page
    .locator("#bulk-file")
    .setInputFiles(await fileOf("mails.csv", `id,text\n1,"${THANKS}"\n2,${INSULT}\n3,\n`));
  await page.locator("#bulk-setup").waitFor();
  const box = (name) => page.locator("#bulk-tasks").getByRole("checkbox", { name });
  assert.equal(await box("Sentiment").isChecked(), true);
  await box("Sentiment").click();
  assert.equal(await box("Sentiment").isChecked(), true, "one task at least");
  await box("Emotion").check();
  await box("Toxicity").check();
  await page.locator("#bulk-start").click();
  await page.locator("#bulk-save").waitFor();
  assert.deepEqual(await page.locator("#bulk-table th").allTextContents(), [
    "Row",
    "Text",
    "Sentiment",
    "Emotion",
    "Toxicity",
  ]);
  await page.locator('#bulk-table [data-row="1"] .tag', { hasText: "toxic" }).waitFor();
  assert.deepEqual(await page.locator("#bulk-shares figcaption").allTextContents(), [
    "Sentiment",
    "Emotion",
    "Toxicity",
  ]);
  await page.locator("#bulk-table th button", { hasText: "Toxicity" }).click();
  await page.locator("#bulk-table tbody tr[data-row]", { hasText: "idiot" }).first().waitFor();
  const { text } = await download(page);
  const [heading, thanks, insult, empty] = text.split("\n");
  // The columns of the command `litmus-text classify`.
  assert.equal(heading, "id,text,sentiment,sentiment_score,emotion,emotion_score,toxicity,toxicity_score,error");
  assert.match(thanks, /^1,"Thank you.*",positive,0\.\d{4},[\w;]*gratitude[\w;]*,0\.\d{4},,0\.\d{4},$/);
  assert.match(insult, /^2,You are an idiot,negative,0\.\d{4},[\w;]*,0\.\d{4},toxic[\w;]*,0\.\d{4},$/);
  assert.equal(empty, "3,,,,,,,,empty-text");
  assert.deepEqual(errors, []);
  await context.close();
});

test("JSON lines have the labels of several tasks as keys", async () => {
  const { page, context } = await ready(site);
  const lines = [{ body: THANKS, emotion: "mine" }, { body: NEGATIVE }];
  await page
    .locator("#bulk-file")
    .setInputFiles(await fileOf("m.jsonl", lines.map((line) => JSON.stringify(line)).join("\n")));
  await page.locator("#bulk-setup").waitFor();
  await page.locator("#bulk-tasks").getByRole("checkbox", { name: "Emotion" }).check();
  await page.locator("#bulk-start").click();
  await page.locator("#bulk-save").waitFor();
  const [first] = (await download(page)).text.split("\n").map((line) => line && JSON.parse(line));
  assert.equal(first.emotion, "mine");
  assert.equal(first.sentiment, "positive");
  assert.ok(first.litmus_emotion.includes("gratitude"), JSON.stringify(first));
  await context.close();
});

test("a model for natural language inference reads pairs, and labels that the visitor types", async () => {
  const { page, context, errors } = await ready(site);
  await chooseFolder(page, "pipelines/nli");
  await page.locator("#model-result").waitFor();
  await page.locator("#text").fill("The cat is asleep.");
  await page.locator("#pair").waitFor();
  await verdict(page, "(contradiction|neutral|entailment)");
  const alone = await page.locator("#bars").textContent();
  await page.locator("#pair").fill("The cat is sad");
  await page.waitForFunction((before) => document.getElementById("bars").textContent !== before, alone);
  assert.match(await page.locator("#code").textContent(), /pair: "The cat is sad"/);
  await tab(page, "Any labels").click();
  await page.locator("#choices").fill("animals, weather, animals");
  await page.locator("#bars dt", { hasText: "weather" }).waitFor();
  assert.deepEqual(await page.locator("#bars dt").allTextContents(), ["animals", "weather"]);
  await page.locator("#words-note", { hasText: "labels of your choice" }).waitFor();
  await page.locator("#choices").fill(" ");
  await page.locator("#idle").waitFor();
  await page.locator("#model-back").click();
  await verdict(page, "(positive|negative|neutral)");
  assert.equal(await page.locator("#pair").isVisible(), false);
  assert.equal(await page.locator("#tasks").isVisible(), true);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a link carries the task", async () => {
  const { page, context } = await ready(site, { permissions: ["clipboard-read", "clipboard-write"] });
  await tab(page, "Emotion").click();
  await page.locator("#text").fill(POSITIVE);
  await page.locator("#emotions li").first().waitFor();
  await page.locator("#share").click();
  await page.locator("#shared", { hasText: "Copied" }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, `${site.url}#text=${encodeURIComponent(POSITIVE)}&task=emotion`);
  const other = await context.newPage();
  await other.goto(link);
  await other.locator("#emotions li").first().waitFor();
  assert.equal(await tab(other, "Emotion").getAttribute("aria-selected"), "true");
  // A task that no model has.
  await other.goto(`${site.url}#text=gorgeous&task=irony`);
  await other.reload();
  await verdict(other, "positive");
  await context.close();
});
