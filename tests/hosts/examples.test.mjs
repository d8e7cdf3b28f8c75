// The examples for React and Svelte: predictions appear while they are computed, and a component that is gone stops the work.
// That for React has a text field, too.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { serve } from "../../tools/serve.mjs";
import { untilUnchanged } from "../harness/eventually.mjs";
import { openPage } from "./browser.mjs";
import { atEnd, LIMIT, project, runScript } from "./project.mjs";

/** Counts the messages of the page's workers as `replies`. */
function countReplies() {
  globalThis.replies = 0;
  globalThis.Worker = class extends Worker {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", () => globalThis.replies++);
    }
  };
}

/** Types into the text field of the example for React. */
async function typeComment(page) {
  await page.getByRole("button", { name: "A comment" }).click();
  const label = page.locator("label");
  const shows = (pattern) => label.locator("output").filter({ hasText: pattern }).waitFor({ state: "attached" });
  await label.locator("textarea").pressSequentially("What a waste of time");
  await shows(/^negative$/);
  await label.locator("textarea").fill("I loved every minute of it");
  await shows(/^positive$/);
  await label.locator("textarea").fill(" ");
  await shows(/^$/);
  assert.equal(await label.getAttribute("aria-busy"), "false");
}

for (const example of ["react", "svelte"]) {
  test(`examples/${example}`, { timeout: 3 * LIMIT }, async (t) => {
    const folder = await project(t, example, { from: join(root, "examples") });
    await runScript(folder, "build");
    const server = await serve({ mounts: { "/": join(folder, "dist") } });
    atEnd(t, () => server.close());
    const { page, errors } = await openPage(t, server.url);
    await page.addInitScript(countReplies);
    await page.goto(server.url);
    const click = (name) => page.getByRole("button", { name }).click();
    const status = (pattern) => page.getByRole("status").filter({ hasText: pattern }).waitFor();
    const replies = () => page.evaluate(() => globalThis.replies);

    await click("Two reviews");
    await status(/^\s*2 of 2, 1 positive, done\s*$/);

    await click("All reviews");
    await status(/^\s*[1-9]\d* of 2000, [1-9]\d* positive\s*$/);
    await click("Stop");
    await untilUnchanged(replies, 4000); // all 2,000 would take ten seconds or more
    assert.equal(await page.getByRole("status").count(), 0);

    await click("Two reviews");
    await status(/^\s*2 of 2, 1 positive, done\s*$/);
    if (example === "react") await typeComment(page);
    assert.deepEqual(errors, []);
  });
}
