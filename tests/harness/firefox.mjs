// Firefox as users have it, through geckodriver: Playwright drives only its own build of Firefox.
import { Builder } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/firefox.js";
import { ensureFirefox, firefox } from "../../tools/toolchain.mjs";

/** A browser window. The caller quits it. */
export async function launchFirefox() {
  // With both paths given, Selenium searches and downloads nothing.
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
