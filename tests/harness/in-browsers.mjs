import { launchChromium } from "../../tools/chromium.mjs";
import { launchFirefox } from "./firefox.mjs";
import { launchWebKit } from "./webkit.mjs";

async function inChromium(url, name, args) {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction((name) => name in globalThis, name);
    return await page.evaluate(([name, args]) => globalThis[name](...args), [name, args]);
  } finally {
    await browser.close();
  }
}

async function throughWebDriver(launch, url, name, args) {
  const driver = await launch();
  try {
    await driver.get(url);
    await driver.wait(() => driver.executeScript((name) => name in globalThis, name), 30_000);
    const { result, error } = await driver.executeAsyncScript(
      (name, args, done) => {
        globalThis[name](...args).then(
          (result) => done({ result }),
          (error) => done({ error: String(error) }),
        );
      },
      name,
      args,
    );
    if (error) throw new Error(error);
    return result;
  } finally {
    await driver.quit();
  }
}

/** Calls the asynchronous global function `name` of a page in each browser. Resolves to the results by browser. */
export async function inBrowsers(url, name, ...args) {
  return {
    Chromium: await inChromium(url, name, args),
    Firefox: await throughWebDriver(launchFirefox, url, name, args),
    WebKit: await throughWebDriver(launchWebKit, url, name, args),
  };
}
