// The demo and the package on a local server, and Chromium to visit them.
import { join } from "node:path";
import { after, before } from "node:test";
import { launchChromium } from "../../tools/chromium.mjs";
import { root } from "../../tools/paths.mjs";
import { serve } from "../../tools/serve.mjs";
import { site } from "../../tools/site.mjs";

/** The demo, which tests/run.mjs has assembled, at "/"; the whole package; the pages and fixtures of the tests. */
export const serveSite = () =>
  serve({
    mounts: {
      "/": site,
      "/litmus-text/": join(root, "pkg"),
      "/pages/": join(root, "tests/browser/pages"),
      "/fixtures/": join(root, "tests/fixtures"),
    },
  });

/** Records what a page should not do: errors, and requests that leave `origin`. Both lists grow as it happens. */
export function recordMisbehaviour(page, origin, { errors = [], crossOrigin = [] } = {}) {
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) crossOrigin.push(url.href);
  });
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${message.text()} ${message.location().url}`);
  });
  return { errors, crossOrigin };
}

/** The server and the browser. The caller closes them. */
export async function openSite() {
  const server = await serveSite();
  const browser = await launchChromium();
  const { origin } = new URL(server.url);
  return {
    url: server.url,
    browser,

    /** An empty page, in a browser context of its own unless one is given. */
    async newPage({ context, ...options } = {}) {
      context ??= await browser.newContext(options);
      const page = await context.newPage();
      return { context, page, ...recordMisbehaviour(page, origin) };
    },

    /**
     * A page with the package as `globalThis.litmus`: tests/browser/pages/`file`. `prepare(page)` runs before the page
     * loads; `url` is another server with the same files; `context` is that of an earlier page, to share its cache.
     */
    async packagePage({ file = "plain.html", url = server.url, context, prepare } = {}) {
      const visit = await this.newPage({ context });
      await prepare?.(visit.page);
      await visit.page.goto(`${url}pages/${file}`);
      await visit.page.waitForFunction(() => "litmus" in globalThis);
      return visit;
    },

    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/**
 * The same for the tests of a file: opened before the first, closed after the last. Its members exist inside tests
 * only.
 */
export function useSite() {
  const site = {};
  before(async () => Object.assign(site, await openSite()));
  after(() => site.close());
  return site;
}
