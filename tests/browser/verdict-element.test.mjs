// examples/verdict-element in Chromium: the element follows its text and fields, and works with any task.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium } from "../../tools/chromium.mjs";
import { root } from "../../tools/paths.mjs";
import { serve } from "../../tools/serve.mjs";
import { recordMisbehaviour } from "../harness/site.mjs";

let server;
let browser;
before(async () => {
  const mounts = { "/": join(root, "examples/verdict-element"), "/litmus-text/": join(root, "pkg") };
  server = await serve({ mounts });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const shows = (page, id, text) => page.locator(`#${id} output`, { hasText: text }).waitFor();

test("an element shows the label of its text and of a field, and changes with them", async () => {
  const page = await browser.newPage();
  const { errors, crossOrigin } = recordMisbehaviour(page, new URL(server.url).origin);
  const heads = [];
  page.on("request", (request) => request.url().endsWith(".head") && heads.push(request.url().split("/").at(-1)));
  await page.goto(server.url);
  await shows(page, "review", /^positive$/);
  assert.equal(await page.locator("#review").getAttribute("label"), "positive");
  assert.ok(Number(await page.locator("#review").getAttribute("score")) > 0.5);
  assert.deepEqual(heads, [], "a head is downloaded when there is a text for it");
  await page.evaluate(() => {
    globalThis.verdicts = [];
    document.addEventListener("verdict", ({ target, detail }) => verdicts.push([target.id, detail.label]));
    document.getElementById("review").textContent = "unflinchingly bleak and desperate";
  });
  await shows(page, "review", /^negative$/);
  await page.locator("#comment").pressSequentially("Thank you so much, you idiot");
  await shows(page, "emotion", /gratitude/);
  await shows(page, "toxicity", /toxic/);
  const verdicts = await page.evaluate(() => verdicts);
  assert.deepEqual(verdicts[0], ["review", "negative"]);
  assert.ok(verdicts.length < 12, `${verdicts.length} predictions for 28 keystrokes`);
  await page.locator("#comment").fill("");
  await shows(page, "emotion", /^…$/);
  assert.equal(await page.locator("#emotion").getAttribute("label"), null);
  await page.locator("#emotion").evaluate((element) => element.setAttribute("task", "irony"));
  await page.locator("#comment").fill("Well done");
  await shows(page, "emotion", /^invalid-input$/);
  assert.deepEqual({ errors, crossOrigin }, { errors: [], crossOrigin: [] });
  await page.close();
});
