// Steps that several tests of the demo take.
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";

/** Where pictures of the demo go. */
export const artifacts = join(root, "tests/browser/artifacts");

export const POSITIVE = "a gorgeous, witty, seductive movie";
export const NEGATIVE = "unflinchingly bleak and desperate";
export const SENTENCE = "The plot is predictable, yet I loved every minute of it.";
export const MODEL = "**/models/sentiment/model.onnx";

/** Waits for the verdict, as the page shows it. */
export const verdict = (page, label) => page.locator("#verdict", { hasText: new RegExp(`^${label}$`) }).waitFor();

/** A visit to a page whose model has arrived. */
export async function ready(site, options, path = "") {
  const visit = await site.newPage(options);
  await visit.page.goto(`${site.url}${path}`);
  await visit.page.waitForFunction(() => "ready" in document.documentElement.dataset);
  return visit;
}

/** Until the page can be had again without a network. */
export const kept = (page) => page.waitForFunction(() => "offline" in document.documentElement.dataset);

export const fixture = (name) => join(root, "tests/fixtures", name);
export const chooseFolder = (page, name) => page.locator("#model-folder").setInputFiles(fixture(name));

/** A file of rows for the bulk part, in a folder of its own. */
export async function fileOf(name, content) {
  const path = join(await mkdtemp(join(tmpdir(), "litmus-rows-")), name);
  await writeFile(path, content);
  return path;
}

/** Chooses rows, and starts to label them. */
export async function label(page, path) {
  await page.locator("#bulk-file").setInputFiles(path);
  await page.locator("#bulk-setup").waitFor();
  await page.locator("#bulk-start").click();
}

/** What the page gives to keep, as text. */
export async function downloaded(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#bulk-save").click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
}
