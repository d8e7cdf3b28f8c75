// The one place that starts Chromium, for tests, benchmarks and pictures: the installed program, with webdriver.json's
// flags.
import { chromium, chromiumFlags } from "./toolchain.mjs";

/** Imported when it is first used: commands that run `npm ci` import this module before node_modules exists. */
const playwright = async () => (await import("playwright-core")).chromium;

export async function launchChromium() {
  return (await playwright()).launch({ executablePath: chromium, headless: true, args: chromiumFlags });
}

/**
 * A browser context with a profile on disk: extensions, `--proxy-server` and second visits need one. `profile` is its
 * folder; without it, the profile is a new one, which is removed when the context is closed.
 */
export async function launchChromiumProfile(args, { timeout, profile = "" } = {}) {
  return (await playwright()).launchPersistentContext(profile, {
    executablePath: chromium,
    channel: "chromium", // extensions need the new headless mode
    headless: true,
    args: [...chromiumFlags, ...args],
    ignoreDefaultArgs: ["--disable-extensions"],
    timeout,
  });
}
