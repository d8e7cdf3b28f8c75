// WebKitGTK, the engine of Safari, through its WebDriver. It has no headless mode: it runs on an X server without a screen.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Builder } from "selenium-webdriver";
import { ensureWebKit, webkit, webkitDriver, xvfb } from "../../tools/toolchain.mjs";
import { freePort } from "./server.mjs";

/** Starts a program. Resolves to its process. */
async function start(program, args, { ready, ...options }) {
  const child = spawn(program, args, options);
  await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${program} ended with code ${code}`)));
    ready(child).then(resolve, reject);
  });
  return child;
}

/** An X server on a free display. Resolves to its process and the display's name. */
async function startDisplay() {
  let display;
  // It writes the number of the display that it has found free into the file descriptor 3.
  const child = await start(xvfb, ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    async ready({ stdio }) {
      for await (const line of createInterface({ input: stdio[3] })) {
        display = `:${line.trim()}`;
        return;
      }
    },
  });
  return { child, display };
}

/** A browser window. The caller quits it, which also ends the driver and the X server. */
export async function launchWebKit() {
  await ensureWebKit();
  const x = await startDisplay();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = await start(webkitDriver, [`--port=${port}`], {
    stdio: "ignore",
    env: { ...process.env, DISPLAY: x.display },
    async ready(child) {
      const answers = async () => (await fetch(`${url}/status`).catch(() => undefined))?.ok;
      while (child.exitCode === null && !(await answers())) await new Promise((resolve) => setTimeout(resolve, 50));
    },
  });
  const stop = () => {
    service.kill();
    x.child.kill();
  };
  try {
    const driver = await new Builder()
      .usingServer(url)
      .withCapabilities({
        "browserName": "MiniBrowser",
        "webkitgtk:browserOptions": { binary: webkit, args: ["--automation"] },
      })
      .build();
    await driver.manage().setTimeouts({ pageLoad: 60_000, script: 300_000 });
    const quit = driver.quit.bind(driver);
    driver.quit = () => quit().finally(stop);
    return driver;
  } catch (error) {
    stop();
    throw error;
  }
}
