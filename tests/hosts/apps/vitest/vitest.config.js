import { playwright } from "@vitest/browser-playwright";

const browser = {
  enabled: true,
  headless: true,
  provider: playwright({ launchOptions: { executablePath: process.env.CHROMIUM } }),
  instances: [{ browser: "chromium" }],
};

export default {
  test: {
    projects: [
      { test: { name: "node", environment: "node" } },
      { test: { name: "jsdom", environment: "jsdom" } },
      { test: { name: "browser", browser } },
    ],
  },
};
