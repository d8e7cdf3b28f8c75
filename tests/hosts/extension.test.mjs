// The installed package in a Chromium extension of Manifest V3.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chromiumOf } from "./browser.mjs";
import { expected, LIMIT, project } from "./project.mjs";

test("an extension's popup and service worker", { timeout: LIMIT }, async (t) => {
  const folder = await project(t, "extension");
  const { context, crossOrigin } = await chromiumOf(t, [
    `--disable-extensions-except=${folder}`,
    `--load-extension=${folder}`,
    "--disable-features=DisableLoadExtensionCommandLineSwitch",
  ]);
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(new URL("popup.html", worker.url()).href);
  const shown = async (id) => {
    await page.waitForFunction((id) => document.getElementById(id).textContent, id);
    return page.locator(`#${id}`).textContent();
  };
  const prediction = await expected();
  assert.equal(await shown("here"), prediction);
  assert.equal(await shown("service-worker"), prediction);
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  assert.deepEqual(
    { crossOrigin, errors, workers: page.workers().length },
    { crossOrigin: [], errors: [], workers: 1 },
  );
});
