// A head that is taught in one browser is the same, to the byte, in every other, and predicts the same scores there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inBrowsers } from "../harness/in-browsers.mjs";
import { serveSite } from "../harness/site.mjs";
import { taught } from "./pages/taught.mjs";

test("a head is taught to the same bytes in Chromium, Firefox, WebKit and Node", { timeout: 300_000 }, async (t) => {
  const server = await serveSite();
  t.after(() => server.close());
  const inNode = await taught(await import("litmus-text"));
  assert.equal(JSON.parse(inNode.own).label, "shipping");
  assert.equal(inNode.others, inNode.own);
  const seen = await inBrowsers(`${server.url}pages/taught.html`, "taught", inNode.file);
  for (const [browser, result] of Object.entries(seen)) assert.deepEqual(result, inNode, browser);
});
