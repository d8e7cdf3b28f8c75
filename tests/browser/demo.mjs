// Steps that several tests of the demo take.
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";

/** The folder for screenshots. */
export const artifacts = join(root, "tests/browser/artifacts");

export const POSITIVE = "a gorgeous, witty, seductive movie";
export const NEGATIVE = "unflinchingly bleak and desperate";
export const SENTENCE = "The plot is predictable, yet I loved every minute of it.";
export const MODEL = "**/models/english/model.onnx";

/** Waits until the page shows this label. */
export const verdict = (page, label) => page.locator("#verdict", { hasText: new RegExp(`^${label}$`) }).waitFor();

/** Opens the demo and waits until its model is loaded. */
export async function ready(site, options, path = "") {
  const visit = await site.newPage(options);
  await visit.page.goto(`${site.url}${path}`);
  await visit.page.waitForFunction(() => "ready" in document.documentElement.dataset);
  return visit;
}

/** Waits until the service worker has cached the demo. */
export const untilCached = (page) => page.waitForFunction(() => "offline" in document.documentElement.dataset);

export const fixture = (name) => join(root, "tests/fixtures", name);
export const chooseFolder = (page, name) => page.locator("#model-folder").setInputFiles(fixture(name));

/** Writes a file for the bulk part into a new temporary folder. */
export async function fileOf(name, content) {
  const path = join(await mkdtemp(join(tmpdir(), "litmus-rows-")), name);
  await writeFile(path, content);
  return path;
}

/** Opens a file in the bulk part and starts labelling. */
export async function label(page, path) {
  await page.locator("#bulk-file").setInputFiles(path);
  await page.locator("#bulk-setup").waitFor();
  await page.locator("#bulk-start").click();
}

/** Downloads the labelled rows. */
export async function download(page) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator("#bulk-save").click()]);
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}
