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
  assert.deepEqual(await page.evaluate(() => verdicts), [["review", "negative"]]);
  // At once: real keystrokes on a busy machine can be further apart than the pause after which the text is read.
  await page.locator("#comment").evaluate((field, text) => {
    for (let end = 1; end <= text.length; end++) {
      field.value = text.slice(0, end);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }, "Thank you so much, you idiot");
  await shows(page, "emotion", /gratitude/);
  await shows(page, "toxicity", /toxic/);
  const ids = await page.evaluate(() => verdicts.map(([id]) => id));
  assert.deepEqual(ids.sort(), ["emotion", "review", "toxicity"], "one prediction for many keystrokes");
  await page.locator("#comment").fill("");
  await shows(page, "emotion", /^…$/);
  assert.equal(await page.locator("#emotion").getAttribute("label"), null);
  await page.locator("#emotion").evaluate((element) => element.setAttribute("task", "irony"));
  await page.locator("#comment").fill("Well done");
  await shows(page, "emotion", /^invalid-input$/);
  assert.deepEqual({ errors, crossOrigin }, { errors: [], crossOrigin: [] });
  await page.close();
});
