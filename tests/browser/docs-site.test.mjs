// The documentation beside the demo: every page and every link, accessibility, search, the benchmark, paper, and no request to
// another origin.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { before, test } from "node:test";
import { serve } from "../../tools/serve.mjs";
import { site as folder } from "../../tools/site.mjs";
import { useSite } from "../harness/site.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Pages whose kinds of content no other page has; the rest is prose, tables and code. */
const KINDS = ["index", "start/nextjs", "benchmark", "models/english", "service", "api/handler", "zh/teaching"];

const site = useSite();
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The text of each page of the documentation, by its path. */
let pages;
before(async () => {
  const names = (await readdir(join(folder, "docs"), { recursive: true })).filter((name) => name.endsWith(".html"));
  const read = async (name) => [name, await readFile(join(folder, "docs", name), "utf8")];
  pages = new Map(await Promise.all(names.map(read)));
});

/** Opens a page of the documentation once its script has run. */
async function open(path, options) {
  const visit = await site.newPage({ reducedMotion: "reduce", ...options });
  await visit.page.goto(`${site.url}docs/${path}`);
  await visit.page.waitForFunction(() => document.querySelector("#app")?.__vue_app__);
  return visit;
}

test("every link of every page leads to a page or file, and every fragment to an element", async () => {
  assert.ok(pages.size > 50, `only ${pages.size} pages`);
  const files = new Set(await readdir(folder, { recursive: true }));
  const broken = [];
  let count = 0;
  for (const [page, html] of pages) {
    for (const [, url] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
      if (/^(https?:|data:|mailto:)/.test(url)) continue;
      count++;
      const [path, fragment] = url.split("#");
      const file = path.endsWith("/") ? `${path}index.html` : path;
      const target = path ? posix.join("docs", dirname(page), file) : `docs/${page}`;
      const ids = fragment && pages.get(target.replace(/^docs\//, ""));
      if (!files.has(target)) broken.push(`${page}: ${url}`);
      else if (fragment && !ids?.includes(`id="${decodeURIComponent(fragment)}"`)) broken.push(`${page}: ${url}`);
    }
  }
  assert.ok(count > 4000, `only ${count} links`);
  assert.deepEqual([...new Set(broken)], []);
});

test("a visitor goes from the demo through the documentation and back, without a request to another origin", async () => {
  const { page, context, crossOrigin, errors } = await site.newPage();
  await page.goto(site.url);
  await page.getByRole("link", { name: "Docs", exact: true }).click();
  await page.getByRole("heading", { name: "Documentation", level: 1 }).waitFor();
  await page.getByRole("main").getByRole("link", { name: "Next.js" }).click();
  await page.getByRole("heading", { name: "Next.js", level: 1 }).waitFor();
  await page.getByRole("link", { name: "troubleshooting", exact: true }).click();
  await page.getByRole("heading", { name: "model-not-found" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Next.js", level: 1 }).waitFor();
  await page.getByRole("link", { name: "Demo", exact: true }).click();
  await page.locator("#text").waitFor();
  assert.deepEqual({ crossOrigin, errors }, { crossOrigin: [], errors: [] });
  await context.close();
});

const [desktop, phone] = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
/** What axe checks in a page. The contrast of colours takes most of its time, and differs by scheme, hardly by width. */
const passes = (kind) => [
  { colorScheme: "light", viewport: desktop, options: { runOnly: RULES } },
  {
    colorScheme: "light",
    viewport: phone,
    options: { runOnly: RULES, rules: { "color-contrast": { enabled: kind === "index" } } },
  },
  { colorScheme: "dark", viewport: desktop, options: { runOnly: { type: "rule", values: ["color-contrast"] } } },
];

for (const kind of KINDS) {
  test(`axe finds nothing in ${kind}`, async () => {
    const found = [];
    const { page, context, errors, crossOrigin } = await open(`${kind}.html`);
    await page.evaluate(axe);
    for (const { colorScheme, viewport, options } of passes(kind)) {
      const name = `${colorScheme}, ${viewport.width} px`;
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.waitForFunction((dark) => document.documentElement.matches(".dark") === dark, colorScheme === "dark");
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wider <= 0, `${name}: the page is ${wider} px wider`);
      const violations = await page.evaluate(async (options) => (await axe.run(document, options)).violations, options);
      for (const { id, nodes } of violations)
        for (const { html, failureSummary } of nodes)
          found.push(`${name}: ${id}: ${html.slice(0, 160)} ${failureSummary}`);
    }
    assert.deepEqual({ found, errors, crossOrigin }, { found: [], errors: [], crossOrigin: [] });
    await context.close();
  });
}

const queries = {
  "": ["Search", "threshold", /^#?\s*Thresholds: when to believe a label/],
  "zh/": ["搜索", "线程", /Node/], // a word inside of a sentence
};
for (const [language, [button, query, found]] of Object.entries(queries)) {
  test(`search for ${query} without a network`, async () => {
    const { page, context } = await open(language);
    await page.getByRole("button", { name: button }).click();
    await page.locator("#localsearch-input").fill(query);
    await page.locator("#localsearch-list li").first().waitFor();
    await context.setOffline(true); // the index is there
    await page.locator("#localsearch-input").fill("");
    await page.locator("#localsearch-input").fill(query);
    const first = page.locator("#localsearch-list li").first();
    assert.match(await first.textContent(), found);
    await context.close();
  });
}

test("the benchmark measures in the page", { timeout: 120_000 }, async () => {
  const { page, context, errors, crossOrigin } = await open("benchmark.html");
  await page.getByRole("button", { name: "Measure in this browser" }).click();
  await page.getByText("Done", { exact: true }).waitFor({ timeout: 100_000 });
  const times = await page.locator(".measure td:nth-child(2)").allTextContents();
  assert.equal(times.length, 4);
  for (const time of times) assert.match(time, /^\d[\d.,]* ms$/);
  assert.deepEqual({ errors, crossOrigin }, { errors: [], crossOrigin: [] });
  await context.close();
});

test("on paper there is only the text, also of a dark page", async () => {
  const { page, context } = await open("start/nextjs.html", { colorScheme: "dark" });
  await page.emulateMedia({ media: "print" });
  const visible = (selector) => page.locator(selector).first().isVisible();
  for (const selector of [".VPNav", ".VPSidebar", ".VPDocFooter", "button.copy"])
    assert.equal(await visible(selector), false, selector);
  assert.ok(await visible("h1"));
  const colours = await page.evaluate(() => {
    const colour = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
    return [colour("body", "backgroundColor"), colour(".vp-doc p", "color"), colour(".vp-doc pre span span", "color")];
  });
  assert.deepEqual(colours, ["rgb(255, 255, 255)", "rgb(0, 0, 0)", "rgb(0, 0, 0)"]);
  // Nothing is cut off at the right margin of A4.
  await page.setViewportSize({ width: 680, height: 1000 });
  const wider = await page.evaluate(
    () =>
      [...document.querySelectorAll(".vp-doc :is(pre, table, p)")].filter(
        (each) => each.scrollWidth > each.clientWidth + 1,
      ).length,
  );
  assert.equal(wider, 0);
  await context.close();
});

test("the site works under any path, and its policy forbids inline scripts", async (t) => {
  const server = await serve({ mounts: { "/some/sub/path/": folder } });
  t.after(() => server.close());
  const { page, context } = await site.newPage();
  const failed = [];
  page.on("response", (response) => response.status() >= 400 && failed.push(response.url()));
  await page.goto(`${server.url}some/sub/path/docs/start/vite.html`);
  await page.waitForFunction(() => document.querySelector("#app")?.__vue_app__);
  await page.getByRole("link", { name: "Thresholds", exact: true }).click();
  await page.getByRole("heading", { name: /^Thresholds/, level: 1 }).waitFor();
  assert.equal(page.url(), `${server.url}some/sub/path/docs/thresholds.html`);
  // The links of a page are the same whether it was loaded, or shown by the script of the page before.
  const links = () => page.evaluate(() => Array.from(document.links, ({ href }) => href));
  const shown = await links();
  await page.reload();
  assert.deepEqual(shown, await links());
  const marked = await page.evaluate(
    () =>
      Array.from(document.links).filter((link) => link.origin === origin && link.getAttribute("href").includes("://"))
        .length,
  );
  assert.equal(marked, 0, "links inside of the site look like links to other sites");
  assert.deepEqual(failed, []);
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    document.body.append(script);
    return globalThis.ran ?? "refused";
  });
  assert.equal(ran, "refused");
  await context.close();
});
