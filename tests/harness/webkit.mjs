// WebKitGTK, the engine of Safari, through its WebDriver. It has no headless mode: it runs on an X server without a screen.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Builder } from "selenium-webdriver";
import { ensureWebKit, webkit, webkitDriver, xvfb } from "../../tools/toolchain.mjs";
import { withFreePort } from "./server.mjs";

/** Time limit in milliseconds for a program to become ready. */
const READY_MS = 30_000;

/** Starts a program. Resolves to its process when `ready` resolves. A program that does not become ready is killed. */
async function start(program, args, { ready, ...options }) {
  const child = spawn(program, args, options);
  let timer;
  try {
    await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`${program} ended with code ${code}`)));
      timer = setTimeout(() => reject(new Error(`${program} is not ready after ${READY_MS} ms`)), READY_MS);
      ready(child).then(resolve, reject);
    });
    return child;
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
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
      throw new Error(`${xvfb} has found no free display`);
    },
  });
  return { child, display };
}

/** The driver, whose windows appear on this display. Resolves to its process and its URL. */
function startDriver(display) {
  const onPort = async (port) => {
    const url = `http://127.0.0.1:${port}`;
    const child = await start(webkitDriver, [`--port=${port}`], {
      stdio: "ignore",
      env: { ...process.env, DISPLAY: display },
      async ready(child) {
        const answers = async () => (await fetch(`${url}/status`).catch(() => undefined))?.ok;
        const ended = () => child.exitCode !== null || child.signalCode !== null;
        while (!ended() && !(await answers())) await new Promise((resolve) => setTimeout(resolve, 50));
      },
    });
    return { child, url };
  };
  // It ends with code 1 if it cannot have the port.
  return withFreePort(onPort, ({ message }) => message.endsWith("ended with code 1"));
}

/** A browser window. The caller quits it, which also ends the driver and the X server. */
export async function launchWebKit() {
  await ensureWebKit();
  const children = [];
  const stop = () => {
    for (const child of children) child.kill();
  };
  try {
    const x = await startDisplay();
    children.push(x.child);
    const service = await startDriver(x.display);
    children.unshift(service.child);
    const driver = await new Builder()
      .usingServer(service.url)
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
