// The installed demo: under a sub-path, offline, and with atomic updates.
import assert from "node:assert/strict";
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium } from "../../tools/chromium.mjs";
import { serve } from "../../tools/serve.mjs";
import { assemble, precache } from "../../tools/site.mjs";
import { eventually } from "../harness/eventually.mjs";
import { fileOf, label, NEGATIVE, POSITIVE, untilCached, verdict } from "./demo.mjs";

const PATH = "some/sub/path/";

/** The folder with copies of the site, which these tests change. */
let folder;
let browser;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "litmus-site-"));
  await assemble({ folder: join(folder, "site") });
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/** Serves a copy of the site and opens it, until its service worker has cached everything. */
async function visit(options) {
  const copy = await mkdtemp(join(folder, "copy-"));
  await cp(join(folder, "site"), copy, { recursive: true });
  const server = await serve({ mounts: { [`/${PATH}`]: copy } });
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const failed = [];
  page.on("response", (response) => response.status() >= 400 && failed.push(response.url()));
  await page.goto(`${server.url}${PATH}`);
  await page.locator("#idle").waitFor();
  await untilCached(page);
  const close = async () => {
    await context.close();
    await server.close();
  };
  return { copy, server, context, page, failed, close };
}

/** Makes a new version of the site, with another title. */
async function change(copy) {
  const path = join(copy, "strings/en.js");
  const code = await readFile(path, "utf8");
  assert.ok(code.includes("Dip a sentence."));
  await writeFile(path, code.replaceAll("Dip a sentence.", "Dip another sentence."));
  await writeFile(join(copy, "precache.js"), await precache(copy));
}

const checkForUpdate = (page) =>
  page.evaluate(async () =>
    (await navigator.serviceWorker.ready).update().then(
      () => true,
      () => false,
    ),
  );
/** The files of the site that its service worker stores, by the list that tools/site.mjs has made. */
async function listedFiles(copy) {
  const { PRECACHE } = Function("self", `${await readFile(join(copy, "precache.js"), "utf8")}; return self;`)({});
  return Object.keys(PRECACHE.files);
}
const isOfEnglish = (path) => path.includes("models/english/");

/** The paths of the stored files: those of the service worker, and those of the package. */
const storedFiles = (page) =>
  page.evaluate(async () => {
    const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return all.flat().map(({ url }) => new URL(url).pathname);
  });

/** Waits until files of the site are stored. */
const untilStored = (page, paths) =>
  eventually(
    page,
    async (paths) =>
      (await Promise.all(paths.map((path) => caches.match(path, { ignoreSearch: true })))).every(Boolean),
    paths,
  );

const title = (page) => page.locator("h1").textContent();

test("after one visit, every part works without the server", async () => {
  const { page, server, close, failed } = await visit();
  assert.deepEqual(failed, []);
  await server.close();
  await page.reload();
  await page.locator("#idle").waitFor();
  await page.locator("#text").fill(NEGATIVE);
  await verdict(page, "negative");
  await page.locator("#weights li").first().waitFor();
  await label(page, await fileOf("few.txt", `${POSITIVE}\n${NEGATIVE}\n`));
  await page.locator("#bulk-save").waitFor();
  assert.match(await page.locator("#bulk-status").textContent(), /^2 rows/);
  await page.locator("#model-folder").setInputFiles(join(import.meta.dirname, "../fixtures/tiny"));
  await page.locator("#model-result").waitFor();
  await page.locator("#model-back").click();
  await verdict(page, "negative");
  await page.locator("#speed-start").click();
  await page.locator("#speed-status", { hasText: "Done." }).waitFor({ timeout: 120_000 });
  // No request since the model was ready.
  assert.equal(await page.locator("#network").getAttribute("data-requests"), "0");
  assert.equal(await page.locator("#sent").textContent(), "0 bytes sent since the model arrived");
  await close();
});

test("after a visit with the multilingual model, the Chinese page works without the server", async () => {
  const { page, copy, server, close, failed } = await visit({ locale: "zh-CN" });
  const good = "这部电影太好看了";
  await page.locator("#text").fill(good);
  await verdict(page, "正面");
  assert.deepEqual(failed, []);
  // The service worker stores the script of the model, the package the model itself. The English model is not used.
  const listed = (await listedFiles(copy)).filter((path) => path.includes("multilingual"));
  assert.deepEqual(listed, ["litmus-text/dist/multilingual.js"]);
  const stored = await storedFiles(page);
  assert.equal(stored.filter((path) => path.endsWith("/multilingual/model.onnx")).length, 1);
  assert.deepEqual(stored.filter(isOfEnglish), []);
  await server.close();
  await page.reload();
  await page.locator("#idle").waitFor();
  await page.locator("#text").fill(good);
  await verdict(page, "正面");
  await page.locator("#marks .for", { hasText: /^好看$/ }).waitFor({ state: "attached" });
  assert.equal(await page.locator("#network").getAttribute("data-requests"), "0");
  await close();
});

test("on the Chinese page, the English model is stored when it is used, then with each new version", async () => {
  const { page, copy, server, close } = await visit({ locale: "zh-CN" });
  const ofEnglish = (await listedFiles(copy)).filter(isOfEnglish);
  assert.ok(ofEnglish.length > 4);
  await page.locator("#packaged").selectOption("english");
  await untilStored(page, ofEnglish);
  await change(copy);
  assert.equal(await checkForUpdate(page), true);
  await page.locator("#update").waitFor();
  await Promise.all([page.waitForEvent("load"), page.locator("#reload").click()]);
  await page.locator("#task-emotion").waitFor();
  // The version before is deleted with what it had stored.
  const stored = (await storedFiles(page)).filter(isOfEnglish);
  assert.deepEqual(stored.sort(), ofEnglish.map((path) => `/${PATH}${path}`).sort());
  await server.close();
  await page.reload();
  await page.locator("#idle").waitFor();
  await page.locator("#packaged").selectOption("english");
  await page.locator("#task-emotion").click();
  await page.locator("#text").fill(POSITIVE);
  await page.locator("#emotions li").first().waitFor();
  assert.equal(await page.locator("#network").getAttribute("data-requests"), "0");
  await close();
});

test("the request counter counts requests of the page and of a worker", async () => {
  const { page, context, close } = await visit();
  await page.reload();
  await page.locator("#idle").waitFor();
  assert.equal(await page.locator("#network").getAttribute("data-requests"), "0");
  await page.evaluate(() => fetch("nothing-here?x=1").catch(() => undefined));
  await page.locator("#network[data-requests='1']").waitFor();
  const [worker] = page.workers();
  await worker.evaluate(() => fetch("nothing-there", { method: "POST", body: "12345678" }).catch(() => undefined));
  await page.locator("#network[data-requests='2']").waitFor();
  await page.locator("#network summary").click();
  const requests = await page.locator("#requests").textContent();
  assert.match(requests, /GET http.*nothing-here\?x=1/);
  assert.match(requests, /POST http.*nothing-there/);
  assert.doesNotMatch(await page.locator("#sent").textContent(), /^0 bytes/);
  // The requests of another tab are not those of this page.
  const other = await context.newPage();
  await other.goto(new URL("docs/", page.url()).href);
  await other.evaluate(() => fetch("nothing-of-that-tab?x=1").catch(() => undefined));
  await other.close();
  await page.waitForTimeout(500);
  assert.equal(await page.locator("#network").getAttribute("data-requests"), "2");
  await close();
});

test("a new version is offered once it is complete, and used when the visitor accepts", async () => {
  const { page, copy, context, close } = await visit();
  await page.locator("#text").fill(POSITIVE);
  await verdict(page, "positive");
  await change(copy);
  assert.equal(await checkForUpdate(page), true);
  await page.locator("#update").waitFor();
  // Until then the old version runs, also in a new tab.
  const other = await context.newPage();
  await other.goto(page.url());
  assert.equal(await title(other), "Dip a sentence.");
  await other.close();
  await page.locator("#reload").click();
  await page.locator("h1", { hasText: "Dip another sentence." }).waitFor();
  await verdict(page, "positive"); // the text is kept
  assert.equal(await page.locator("#update").isVisible(), false);
  const caches = await page.evaluate(() => globalThis.caches.keys());
  assert.equal(caches.length, 1, caches.join());
  await close();
});

test("a new version that is accepted in one tab does not reload another one with results", async () => {
  const { page, copy, context, close } = await visit();
  await label(page, await fileOf("few.txt", `${POSITIVE}\n${NEGATIVE}\n`));
  await page.locator("#bulk-save").waitFor();
  await change(copy);
  assert.equal(await checkForUpdate(page), true);
  const other = await context.newPage();
  await other.goto(page.url());
  await other.locator("#update").waitFor();
  await other.locator("#reload").click();
  await other.locator("h1", { hasText: "Dip another sentence." }).waitFor();
  await page.waitForTimeout(1000);
  assert.equal(await title(page), "Dip a sentence.");
  assert.equal(await page.locator("#bulk-save").isVisible(), true);
  await page.locator("#reload").click();
  await page.locator("h1", { hasText: "Dip another sentence." }).waitFor();
  await close();
});

test("a reload with a new version keeps the text and the model, not those of a link", async () => {
  const { page, copy, close } = await visit();
  const good = "这部电影太好看了";
  await page.evaluate((text) => (location.hash = `#text=${text}`), NEGATIVE);
  await verdict(page, "negative");
  await page.locator("#packaged").selectOption("multilingual");
  await page.locator("#text").fill(good);
  await verdict(page, "positive");
  await change(copy);
  await checkForUpdate(page);
  await page.locator("#update").waitFor();
  await page.locator("#reload").click();
  await page.locator("h1", { hasText: "Dip another sentence." }).waitFor();
  await verdict(page, "positive");
  assert.equal(await page.locator("#text").inputValue(), good);
  assert.equal(await page.locator("#packaged").inputValue(), "multilingual");
  // Only that reload: the next one opens the link again.
  await page.reload();
  await verdict(page, "negative");
  assert.equal(await page.locator("#text").inputValue(), NEGATIVE);
  assert.equal(await page.locator("#packaged").inputValue(), "english");
  await close();
});

test("an incomplete update, or one that differs from its list, changes nothing", async () => {
  const { page, copy, server, close } = await visit();
  const before = await page.evaluate(() => caches.keys());
  await change(copy);
  await appendFile(join(copy, "strings/en.js"), "// not the listed file\n");
  await checkForUpdate(page);
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    for (let i = 0; i < 100 && registration.installing; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  });
  assert.equal(await page.locator("#update").isVisible(), false);
  assert.deepEqual(await page.evaluate(() => caches.keys()), before);
  await server.close();
  await page.reload();
  await page.locator("#idle").waitFor();
  assert.equal(await title(page), "Dip a sentence.");
  await close();
});

test("browsers accept the manifest for installation", async () => {
  const { page, context, close } = await visit();
  const session = await context.newCDPSession(page);
  const { errors, data, url } = await session.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  assert.ok(url.endsWith(`${PATH}manifest.webmanifest`));
  for (const { src, sizes, type } of JSON.parse(data).icons) {
    const size = await page.evaluate(async (src) => {
      const image = new Image();
      image.src = src;
      await image.decode();
      return `${image.naturalWidth}x${image.naturalHeight}`;
    }, src);
    if (type === "image/png") assert.equal(size, sizes);
  }
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  // The browser context of a test counts as a private window.
  assert.deepEqual(
    installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito"),
    [],
  );
  await close();
});
