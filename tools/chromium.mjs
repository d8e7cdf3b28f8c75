// The one place that starts Chromium, for tests, benchmarks and pictures: the installed program, with webdriver.json's
// flags.
import { chromium, chromiumFlags } from "./toolchain.mjs";

/** Imported when it is first used: commands that run `npm ci` import this module before node_modules exists. */
const playwright = async () => (await import("playwright-core")).chromium;

export async function launchChromium() {
  return (await playwright()).launch({ executablePath: chromium, headless: true, args: chromiumFlags });
}

/** A browser context with a new profile on disk: extensions and `--proxy-server` need one. */
export async function launchChromiumProfile(args, { timeout } = {}) {
  return (await playwright()).launchPersistentContext("", {
    executablePath: chromium,
    channel: "chromium", // extensions need the new headless mode
    headless: true,
    args: [...chromiumFlags, ...args],
    ignoreDefaultArgs: ["--disable-extensions"],
    timeout,
  });
}
