// Chromium with a recording proxy, which sees every request to another origin: those of pages, workers and extensions.
import { after } from "node:test";
import { launchChromiumProfile } from "../../tools/chromium.mjs";
import { listen } from "../harness/server.mjs";
import { recordMisbehaviour } from "../harness/site.mjs";
import { atEnd, LIMIT } from "./project.mjs";

/** Hosts that Chromium itself contacts, for updates for instance. */
const CHROMIUM_HOSTS = /^(https?:\/\/)?[\w.-]+\.(google|googleapis)\.com[:/]/;

/** A proxy that forwards nothing and records each URL. Chromium does not use it for the loopback interface. */
async function recordingProxy() {
  const recorded = [];
  const record = (url) => CHROMIUM_HOSTS.test(url) || recorded.push(url);
  const proxy = await listen((request, response) => {
    record(request.url);
    response.writeHead(502).end();
  });
  proxy.server.on("connect", ({ url }, socket) => {
    record(url);
    socket.on("error", () => {}); // Chromium may be gone
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  return { ...proxy, recorded };
}

/** Starts Chromium with a new profile. `crossOrigin` lists the requests that reached the proxy. */
async function launch(args = []) {
  const proxy = await recordingProxy();
  const context = await launchChromiumProfile([`--proxy-server=${proxy.url}`, ...args], { timeout: LIMIT });
  context.setDefaultTimeout(LIMIT);
  const close = async () => {
    await context.close();
    await proxy.close();
  };
  return { context, crossOrigin: proxy.recorded, close };
}

/** Chromium with these arguments until the test ends. */
export async function chromiumOf(t, args) {
  const chromium = await launch(args);
  atEnd(t, chromium.close);
  return chromium;
}

/** One Chromium for all apps of a test file: each has an origin of its own, and starting it takes long. */
let shared;
after(async () => (await shared)?.close());

// biome-ignore lint/performance/useDomNodeTextContent: frameworks put scripts into the body, which textContent includes
const visibleText = () => document.body.innerText.trim();

/** An empty page for an app. `crossOrigin` lists the requests that leave the origin of `url`. */
export async function openPage(t, url) {
  shared ??= launch();
  const { context, crossOrigin } = await shared;
  crossOrigin.length = 0;
  const page = await context.newPage();
  atEnd(t, () => page.close());
  return { page, ...recordMisbehaviour(page, new URL(url).origin, { crossOrigin }) };
}

/** Opens an app and waits for its text. */
export async function visit(t, url) {
  const { page, errors, crossOrigin } = await openPage(t, url);
  let workers = 0;
  page.on("worker", () => workers++);
  // A worker whose script cannot be loaded counts as started; the package says so and computes on the page's thread.
  page.on("console", (message) => message.text().startsWith("litmus-text:") && errors.push(message.text()));
  await page.goto(url);
  await page.waitForFunction(visibleText).catch((error) => errors.push(error.message));
  const shown = await page.evaluate(visibleText);
  const isolated = await page.evaluate(() => crossOriginIsolated);
  return { page, seen: { shown, workers, isolated, crossOrigin, errors } };
}

/**
 * How an app must behave: it shows its prediction, computed in one worker, without cross-origin isolation or requests.
 */
export const good = (shown) => ({ shown, workers: 1, isolated: false, crossOrigin: [], errors: [] });

/** The labels that an app's task gives to an insult. */
export const labelsOfInsult = (page) =>
  page.evaluate(async () => (await globalThis.toxicity("You are an idiot")).labels);
