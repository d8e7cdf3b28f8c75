// A Next.js app: client components, a route handler and a page that the server renders.
import assert from "node:assert/strict";
import { test } from "node:test";
import { good, visit } from "./browser.mjs";
import { expected, LIMIT, onlyAll, project, spawnUntilEnd, toolFile, tools } from "./project.mjs";

const next = toolFile("next/dist/bin/next");
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };

/** Runs the program `next` in a folder. Resolves to what it has printed when it ends or says `until`. */
async function run(t, folder, args, until) {
  const options = { cwd: folder, env: { ...env, NODE_ENV: undefined } };
  const child = spawnUntilEnd(t, process.execPath, [next, ...args], options);
  let printed = "";
  const said = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        printed += text;
        if (until?.test(printed)) resolve();
      });
    }
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`next ${args.join(" ")}: ${printed}`))));
  });
  await said;
  return printed;
}

/** Starts a server of the app. Resolves to its URL. */
async function start(t, folder, ...args) {
  const printed = await run(t, folder, [...args, "--hostname", "127.0.0.1", "--port", "0"], /Ready in/);
  return `${/http:\/\/127\.0\.0\.1:\d+/.exec(printed)[0]}/`;
}

async function check(t, url) {
  const shown = await expected();
  for (const path of ["", "embedded"]) assert.deepEqual((await visit(t, `${url}${path}`)).seen, good(shown));
  const server = (await visit(t, `${url}server`)).seen;
  assert.deepEqual(server, { ...good(shown), workers: 0 });
  const response = await fetch(`${url}api/predict`, { method: "POST", body: "I loved every minute of it" });
  assert.equal(await response.text(), shown);
  const empty = await fetch(`${url}api/predict`, { method: "POST", body: "" });
  assert.deepEqual([empty.status, await empty.text()], [422, "the text is empty: there is nothing to classify"]);
}

for (const bundler of ["turbopack", "webpack"]) {
  const flag = `--${bundler}`;
  const skip = bundler !== "turbopack" && onlyAll;

  test(`Next.js, production, ${bundler}`, { timeout: 3 * LIMIT, skip }, async (t) => {
    const folder = await project(t, "next", { within: tools });
    await run(t, folder, ["build", flag]);
    await check(t, await start(t, folder, "start"));
  });

  test(`Next.js, development, ${bundler}`, {
    timeout: 3 * LIMIT,
    skip: onlyAll,
  }, async (t) => {
    const folder = await project(t, "next", { within: tools });
    await check(t, await start(t, folder, "dev", flag));
  });
}
