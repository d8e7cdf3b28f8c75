// Chromium whose every request is seen: its own origin's by the page, any other by a proxy.
import { createServer } from "node:http";
import { chromium as playwright } from "playwright-core";
import { chromium, chromiumFlags } from "../../tools/toolchain.mjs";
import { LIMIT } from "./project.mjs";

/** Whom Chromium asks on its own account, for updates for instance. */
const OWN = /^(https?:\/\/)?[\w.-]+\.(google|googleapis)\.com[:/]/;

/** A proxy that passes nothing on and notes who was to be reached. Loopback goes past it. */
async function recorder() {
  const reached = [];
  const note = (url) => OWN.test(url) || reached.push(url);
  const server = createServer((request, response) => {
    note(request.url);
    response.writeHead(502).end();
  });
  server.on("connect", ({ url }, socket) => {
    note(url);
    socket.on("error", () => {}); // Chromium may be gone
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, reached, close };
}

/** Chromium in a profile of its own until the test ends; `elsewhere` lists the requests that left this machine. */
export async function chromiumOf(t, args = []) {
  const proxy = await recorder();
  t.after(() => proxy.close());
  const context = await playwright.launchPersistentContext("", {
    executablePath: chromium,
    channel: "chromium", // extensions need the new headless mode
    headless: true,
    args: [...chromiumFlags, `--proxy-server=${proxy.url}`, ...args],
    ignoreDefaultArgs: ["--disable-extensions"],
    timeout: LIMIT,
  });
  t.after(() => context.close());
  context.setDefaultTimeout(LIMIT);
  return { context, elsewhere: proxy.reached };
}

/** Opens an app and waits for what it shows. `elsewhere` lists the requests that left its origin. */
export async function visit(t, url) {
  const { context, elsewhere } = await chromiumOf(t);
  const page = await context.newPage();
  const errors = [];
  let workers = 0;
  const { origin } = new URL(url);
  page.on("request", (request) => {
    const target = new URL(request.url());
    if (target.protocol !== "data:" && target.origin !== origin) elsewhere.push(target.href);
  });
  page.on("worker", () => workers++);
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(url);
  await page.waitForFunction(() => document.body.textContent.trim()).catch((error) => errors.push(error.message));
  const [shown, isolated] = await page.evaluate(() => [document.body.textContent.trim(), crossOriginIsolated]);
  return { page, seen: { shown, workers, isolated, elsewhere, errors } };
}

/** What is to be seen of an app: its prediction by a worker, with nothing asked of others and no isolation. */
export const good = (shown) => ({ shown, workers: 1, isolated: false, elsewhere: [], errors: [] });
