// npm test: installs what is missing, then runs every suite. `npm test -- NAME` runs those whose
// name contains NAME.
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../tools/build.mjs";
import { checkDocs } from "../tools/docs.mjs";
import { assemble, buildSite } from "../tools/site.mjs";
import { fail, run, UserError } from "../tools/command.mjs";
import { root, targetDir } from "../tools/paths.mjs";
import {
  chromedriver,
  ensureChromium,
  ensureFirefox,
  ensureNode,
  ensureRust,
  ensureWasmBindgen,
  ensureWasmPack,
  firefox,
  wasmConfig,
  withPath,
} from "../tools/toolchain.mjs";
import { checkBudget } from "./budget.mjs";
import { ensurePython } from "./service/python.mjs";
import { ensureTools } from "./hosts/install.mjs";
import { fuzz } from "./fuzz/fuzz.mjs";

const wasm = "wasm32-unknown-unknown";
const cargoEnv = { ...process.env, CARGO_TARGET_DIR: targetDir };
const cargo = (...args) => run("cargo", args, { env: cargoEnv });
const tsc = (project) => run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, project)]);

/** What drives a browser can wait for it for ever: these suites end, with room for a slow machine. */
const minutes = (count) => ({ timeout: count * 60_000 });

/** One file at a time: they share two cores and measure time. */
async function nodeTests(folder, options, wanted = () => true) {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs") && wanted(name));
  const paths = files.sort().map((name) => join(folder, name));
  // A test that was given up may still wait for what never comes: its file ends all the same.
  await run(process.execPath, ["--test", "--test-concurrency=1", "--test-force-exit", "--test-reporter=spec", ...paths], {
    ...minutes(20),
    ...options,
  });
}

/** The crate's own tests in the wasm that browsers run. */
async function wasmPack(where, browser, env) {
  const wasmPackBin = await ensureWasmPack();
  const bindgenBin = await ensureWasmBindgen({ testRunner: true });
  const args = ["test", "--headless", ...browser, "--mode", "no-install"];
  await run("wasm-pack", [...args, "--", ...wasmConfig(), "--profile", "web", "--test", "wasm"], {
    ...minutes(40), // compiling included
    env: { ...withPath(bindgenBin, wasmPackBin), CARGO_TARGET_DIR: targetDir, [where]: "1", ...env },
  });
}

async function inChromium(where) {
  await ensureChromium({ driver: true });
  await wasmPack(where, ["--chrome", "--chromedriver", chromedriver]);
}

async function inFirefox(where) {
  const geckodriver = await ensureFirefox();
  // webdriver.json is for Chromium: it cannot name a program that only an environment variable does.
  const capabilities = join(targetDir, "firefox.json");
  await mkdir(targetDir, { recursive: true });
  await writeFile(capabilities, JSON.stringify({ "moz:firefoxOptions": { binary: firefox } }));
  await wasmPack(where, ["--firefox", "--geckodriver", geckodriver], { WASM_BINDGEN_TEST_WEBDRIVER_JSON: capabilities });
}

const endToEnd = join(root, "tests/browser");

/** What the end-to-end tests visit, and what with. */
async function pages() {
  await build();
  await assemble();
  await ensureChromium();
}

const needsFirefox = (name) => ["firefox.test.mjs", "same-bits.test.mjs"].includes(name);

/** The package as users get it: packed, and installed in a project of its own, for as long as `work` takes. */
async function withPackage(work) {
  const project = await mkdtemp(join(tmpdir(), "litmus-text-"));
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  try {
    const packed = await run("npm", ["pack", "--json", "--pack-destination", project], {
      cwd: join(root, "pkg"),
      quiet: true,
    });
    const [{ filename }] = JSON.parse(packed);
    await run("npm", ["init", "--yes", "--loglevel=error"], { cwd: project, quiet: true });
    await run("npm", ["install", "--offline", ...quiet, join(project, filename)], { cwd: project, quiet: true });
    await work(project, join(project, filename));
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

const inNode = () =>
  withPackage(async (project) => {
    await cp(join(root, "tests/node"), join(project, "tests"), { recursive: true });
    await nodeTests(join(project, "tests"), { env: { ...process.env, LITMUS_DOCS: join(root, "docs"), LITMUS_FIXTURES: join(root, "tests/fixtures") } });
  });

const hosts = (project, tarball, tools) =>
  nodeTests(join(root, "tests/hosts"), {
    env: {
      ...process.env,
      LITMUS_TARBALL: tarball,
      LITMUS_INSTALLED: join(project, "node_modules/litmus-text"),
      LITMUS_TOOLS: tools,
    },
  });

const suites = {
  "lint: rustfmt": () => cargo("fmt", "--check"),
  "lint: clippy": () => cargo("clippy", "--release", "--features", "cli", "--all-targets", "--", "-D", "warnings"),
  "lint: clippy, WebAssembly": async () => {
    await ensureRust();
    await cargo("clippy", "--target", wasm, "--profile", "web", "--lib", "--test", "wasm", "--", "-D", "warnings");
  },
  "crate: native tests": () => cargo("test", "--release", "--features", "cli"),
  "crate: fuzzing": () => fuzz({ seconds: 120, short: true }),
  "package: build": async () => {
    await buildSite(); // in a fresh clone this is all that there is: `npm start` makes do with it
    await build();
  },
  "lint: supply chain": () => nodeTests(join(root, "tests/supply")),
  "lint: types": async () => {
    await build();
    await tsc("tests/types");
  },
  "lint: docs/api": async () => {
    await build();
    await checkDocs();
  },
  "package: size budget": async () => {
    await build({ embedded: false });
    await checkBudget();
  },
  "crate: tests in a page": () => inChromium("WASM_BINDGEN_USE_BROWSER"),
  "crate: tests in a worker": () => inChromium("WASM_BINDGEN_USE_DEDICATED_WORKER"),
  "crate: tests in Firefox": () => inFirefox("WASM_BINDGEN_USE_BROWSER"),
  "models: evaluation": () => nodeTests(join(root, "models/evaluate")),
  "package: Node, from the tarball": inNode,
  "package: hosts": async () => {
    await ensureChromium();
    const tools = await ensureTools();
    await withPackage((project, tarball) => hosts(project, tarball, tools));
  },
  "service: Node, service worker": async () => {
    await build();
    await ensureChromium();
    await ensurePython();
    await nodeTests(join(root, "tests/service"));
  },
  "browser: Chromium": async () => {
    await pages();
    await nodeTests(endToEnd, {}, (name) => !needsFirefox(name));
  },
  "browser: Firefox": async () => {
    await pages();
    await ensureFirefox();
    await nodeTests(endToEnd, {}, needsFirefox);
  },
};

try {
  await ensureNode();
  await ensureRust();
} catch (error) {
  fail(error);
}

const wanted = process.argv.slice(2);
const chosen = Object.entries(suites).filter(([name]) => !wanted.length || wanted.some((part) => name.includes(part)));
if (chosen.length === 0) fail(new UserError(`no suite is named like that; there are:\n  ${Object.keys(suites).join("\n  ")}`));

const results = [];
for (const [name, suite] of chosen) {
  console.log(`\n━━ ${name}`);
  const start = performance.now();
  const failure = await suite().then(
    () => undefined,
    (error) => error,
  );
  if (failure) console.error(failure instanceof UserError ? `✗ ${failure.message}` : failure);
  results.push({ name, failure, seconds: (performance.now() - start) / 1000 });
}

console.log("\n━━ summary");
for (const { name, failure, seconds } of results) {
  console.log(`${failure ? "✗" : "✓"} ${name.padEnd(34)} ${seconds.toFixed(1).padStart(7)} s`);
}
const failed = results.filter(({ failure }) => failure).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
