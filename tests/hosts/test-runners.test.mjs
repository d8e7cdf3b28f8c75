// Test suites that predict for real, in each environment that the test runners have: docs/testing.md.
import { test } from "node:test";
import { chromium } from "../../tools/toolchain.mjs";
import { expected, LIMIT, project, runScript } from "./project.mjs";

test("Jest: Node and jsdom", { timeout: 3 * LIMIT }, async (t) => {
  await runScript(await project(t, "jest"), "test", { EXPECTED: await expected() });
});

test("Vitest: Node, jsdom and Chromium", { timeout: 3 * LIMIT }, async (t) => {
  await runScript(await project(t, "vitest"), "test", { VITE_EXPECTED: await expected(), CHROMIUM: chromium });
});
