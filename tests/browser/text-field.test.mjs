// examples/text-field in Chromium: the label follows the text, and a call whose text has changed shows nothing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { launchChromium } from "../../tools/chromium.mjs";
import { root } from "../../tools/paths.mjs";
import { serve } from "../../tools/serve.mjs";
import { recordMisbehaviour } from "../harness/site.mjs";

test("a text field shows the label of its latest text", async (t) => {
  const mounts = { "/": join(root, "examples/text-field"), "/litmus-text/": join(root, "pkg") };
  const server = await serve({ mounts });
  t.after(() => server.close());
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const { errors, crossOrigin } = recordMisbehaviour(page, new URL(server.url).origin);
  await page.goto(server.url);
  const shows = (text) => page.locator("output:not(.computing)", { hasText: text }).waitFor({ state: "attached" });

  await page.locator("textarea").pressSequentially("I loved every minute of it");
  await shows(/^positive 0\.\d{3}$/);

  // Both texts come before the first is predicted.
  const shown = await page.evaluate(async () => {
    const [field, output] = ["textarea", "output"].map((name) => document.querySelector(name));
    const shown = [];
    new MutationObserver(() => shown.push(output.value)).observe(output, { childList: true });
    for (const text of ["It was wonderful", "What a waste of time"]) {
      field.value = text;
      field.dispatchEvent(new Event("input"));
    }
    shown.push(output.className);
    while (output.classList.contains("computing")) await new Promise((resolve) => setTimeout(resolve));
    return shown;
  });
  assert.equal(shown.length, 2, shown.join(", "));
  assert.equal(shown[0], "computing");
  assert.match(shown[1], /^negative/);

  await page.locator("textarea").fill("  ");
  await shows(/^$/);
  assert.equal(await page.locator("output").getAttribute("class"), "");
  assert.deepEqual({ errors, crossOrigin }, { errors: [], crossOrigin: [] });
});
