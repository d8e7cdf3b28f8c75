// Firefox as its users have it, driven through geckodriver: Playwright only drives a build of its own.
import { Builder } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/firefox.js";
import { ensureFirefox, firefox } from "../../tools/toolchain.mjs";

/** A window; the caller quits it. */
export async function launchFirefox() {
  // Given both paths, Selenium looks for nothing itself and downloads nothing.
  const service = new ServiceBuilder(await ensureFirefox());
  const options = new Options().setBinary(firefox).addArguments("-headless");
  const driver = await new Builder()
    .forBrowser("firefox")
    .setFirefoxService(service)
    .setFirefoxOptions(options)
    .build();
  await driver.manage().setTimeouts({ pageLoad: 60_000, script: 300_000 });
  return driver;
}
