// npm test: installs what is missing and runs every suite. `npm test -- NAME…` runs the suites whose name contains a
// NAME. npm run lint is `npm test -- lint`, npm run test:quick is `npm test -- --quick`: the quick suites. With `--all`, the
// suite of hosts runs its full matrix.
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../tools/build.mjs";
import { fail, run, UserError } from "../tools/command.mjs";
import { checkDocs } from "../tools/docs.mjs";
import { restoreTimes } from "../tools/file-times.mjs";
import { cache, root, targetDir } from "../tools/paths.mjs";
import { assemble, buildSite } from "../tools/site.mjs";
import {
  chromedriver,
  ensureChromium,
  ensureFirefox,
  ensureNode,
  ensureRuff,
  ensureRust,
  ensureWasmBindgen,
  ensureWasmPack,
  ensureWebKit,
  firefox,
  wasmConfig,
  withPath,
} from "../tools/toolchain.mjs";
import { checkBudget } from "./budget.mjs";
import { fuzz } from "./fuzz/fuzz.mjs";
import { withInstalledPackage } from "./harness/package.mjs";
import { ensureHostTools } from "./hosts/install.mjs";
import { ensurePython } from "./service/install.mjs";
import { ensureSpark } from "./spark/install.mjs";

const node = (args, options) => run(process.execPath, args, options);
const cargo = (...args) => run("cargo", args, { env: { ...process.env, CARGO_TARGET_DIR: targetDir } });

/** Time limits, because a browser can hang. They have room for a slow machine. */
const minutes = (count) => ({ timeout: count * 60_000 });

/**
 * Runs the `*.test.mjs` of a folder. Files that measure time, or drive browsers, run one after the other; `parallel`
 * files do neither. Their temporary files, and those of the browsers, are removed at the end.
 */
async function nodeTests(folder, { wanted = () => true, parallel = false, env = process.env } = {}) {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs") && wanted(name));
  const paths = names.sort().map((name) => join(folder, name));
  // Forced, because a test that has timed out may leave handles open.
  const args = ["--test", "--test-force-exit", "--test-reporter=spec", ...(parallel ? [] : ["--test-concurrency=1"])];
  const temporary = await mkdtemp(join(tmpdir(), "litmus-tests-"));
  try {
    await node([...args, ...paths], { ...minutes(40), env: { ...env, TMPDIR: temporary } });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const inFolder = (folder, options) => nodeTests(join(root, folder), options);

// ── Lint

const native = ["--release", "--features", "cli"];
const web = ["--target", "wasm32-unknown-unknown", "--profile", "web"];
const clippy = (...args) => cargo("clippy", ...args, "--", "-D", "warnings");

async function rustfmt() {
  await cargo("fmt", "--all", "--check");
  await cargo("fmt", "--check", "--manifest-path", "tests/fuzz/Cargo.toml");
}

const biome = () => node([join(root, "node_modules/@biomejs/biome/bin/biome"), "ci", "--error-on-warnings"]);

async function ruff() {
  const program = await ensureRuff();
  const env = { ...process.env, RUFF_CACHE_DIR: join(cache, "ruff") };
  await run(program, ["format", "--check"], { env });
  await run(program, ["check"], { env });
}

const tsc = (...args) => node([join(root, "node_modules/typescript/bin/tsc"), ...args]);

/** Checks pkg/src, with the types of wasm-bindgen's JavaScript from the last build. */
async function types() {
  if (!existsSync(join(root, "pkg/wasm/litmus_text.d.ts"))) await build({ supply: false });
  await tsc("-p", "pkg/tsconfig.json", "--noEmit");
}

/** Checks what must and must not compile against the built package. */
async function publicTypes() {
  await build();
  await tsc("-p", "tests/types");
}

async function documentation() {
  await build();
  await checkDocs();
}

// ── The crate, compiled to WebAssembly, in browsers

/** Runs tests/wasm.rs with wasm-pack. `where` is the environment variable that selects a page or a worker. */
async function wasmPack(where, browser, env) {
  const wasmPackBin = await ensureWasmPack();
  const bindgenBin = await ensureWasmBindgen({ testRunner: true });
  const args = ["test", "--headless", ...browser, "--mode", "no-install"];
  await run("wasm-pack", [...args, "--", ...wasmConfig(), "--profile", "web", "--test", "wasm"], {
    ...minutes(40), // compiling included
    env: { ...withPath(bindgenBin, wasmPackBin), CARGO_TARGET_DIR: targetDir, [where]: "1", ...env },
  });
}

async function wasmInChromium(where) {
  await ensureChromium({ driver: true });
  await wasmPack(where, ["--chrome", "--chromedriver", chromedriver]);
}

async function wasmInFirefox(where) {
  const geckodriver = await ensureFirefox();
  // Not webdriver.json, which is for Chromium: the path of Firefox depends on an environment variable.
  const capabilities = join(targetDir, "firefox.json");
  await mkdir(targetDir, { recursive: true });
  await writeFile(capabilities, JSON.stringify({ "moz:firefoxOptions": { binary: firefox } }));
  await wasmPack(where, ["--firefox", "--geckodriver", geckodriver], {
    WASM_BINDGEN_TEST_WEBDRIVER_JSON: capabilities,
  });
}

// ── The package

async function buildEverything() {
  await buildSite({ quick: true }); // first, to test that it works in a fresh clone, as `npm start` does
  await build();
}

async function sizeBudget() {
  await build({ supply: false });
  await checkBudget();
}

/** tests/node is copied into a project that has only the packed package: nothing of the repository can be imported. */
async function inNode() {
  await build();
  await withInstalledPackage(async ({ project }) => {
    await cp(join(root, "tests/node"), join(project, "tests"), { recursive: true });
    const env = { ...process.env, LITMUS_FIXTURES: join(root, "tests/fixtures"), LITMUS_DOCS: join(root, "docs") };
    await nodeTests(join(project, "tests"), { env });
  });
}

/** One production app per host; with `all`, development servers, older versions and other modes, too. */
async function inHosts({ all }) {
  await build();
  await ensureChromium();
  const { tools, dependencies } = await ensureHostTools();
  await withInstalledPackage(async ({ tarball, installed }) => {
    const env = {
      ...process.env,
      LITMUS_TARBALL: tarball,
      LITMUS_INSTALLED: installed,
      LITMUS_TOOLS: tools,
      LITMUS_APP_DEPENDENCIES: JSON.stringify(dependencies),
      LITMUS_HOSTS_ALL: all ? "1" : "",
    };
    await nodeTests(join(root, "tests/hosts"), { env });
  });
}

async function service() {
  await build();
  await ensureChromium();
  await ensurePython();
  await inFolder("tests/service");
}

/** The native command under Apache Spark. */
async function spark() {
  const { bin, litmus, env } = await ensureSpark();
  const args = ["-B", "-m", "unittest", "discover", "--verbose", "--start-directory", "tests/spark"];
  const paths = { LITMUS: litmus, PYTHONPATH: join(root, "examples/spark") };
  await run(join(bin, "python"), args, { ...minutes(10), env: { ...env, ...paths } });
}

/** The rule by which texts are held out of training, in Python's standard library alone. */
async function heldOut() {
  const folder = join(root, "models/train");
  const folders = ["--start-directory", join(folder, "multilingual"), "--top-level-directory", folder];
  await run("python3", ["-B", "-m", "unittest", "discover", ...folders], minutes(1));
}

/** Test files that need another browser than Chromium. */
const otherBrowsers = {
  "firefox.test.mjs": [ensureFirefox],
  "webkit.test.mjs": [ensureWebKit],
  "same-bits.test.mjs": [ensureChromium, ensureFirefox, ensureWebKit],
  "taught.test.mjs": [ensureChromium, ensureFirefox, ensureWebKit],
};

async function inBrowsers(ensured, wanted) {
  await build();
  await assemble();
  for (const ensure of ensured) await ensure();
  await inFolder("tests/browser", { wanted });
}

const inChromium = () => inBrowsers([ensureChromium], (name) => !(name in otherBrowsers));
const inBrowser = (file) => inBrowsers(otherBrowsers[file], (name) => name === file);

// ── All of them, in the order in which they run

/** The `quick` suites take less than a minute together, once tools are installed and the package has been built. */
const suites = {
  "lint: rustfmt": { quick: true, run: rustfmt },
  "lint: biome": { quick: true, run: biome },
  "lint: ruff": { quick: true, run: ruff },
  "lint: clippy": { run: () => clippy(...native, "--workspace", "--all-targets") },
  "lint: clippy, WebAssembly": { run: () => clippy(...web, "--workspace", "--lib", "--test", "wasm") },
  "lint: types": { quick: true, run: types },
  "lint: supply chain": { quick: true, run: () => inFolder("tests/supply", { parallel: true }) },
  "lint: documents": { quick: true, run: () => inFolder("tests/documents", { parallel: true }) },
  "package: unit tests": { quick: true, run: () => inFolder("tests/unit", { parallel: true }) },
  "models: evaluation": { quick: true, run: () => inFolder("models/evaluate", { parallel: true }) },
  "models: held out": { quick: true, run: heldOut },
  "crate: unit tests": { quick: true, run: () => cargo("test", ...native, "--lib") },
  "crate: native tests": { run: () => cargo("test", ...native) },
  "crate: fuzzing": { run: () => fuzz({ seconds: 30, short: true }) },
  "command: Spark": { run: spark },
  "package: build": { run: buildEverything },
  "package: public types": { run: publicTypes },
  "lint: docs/api": { run: documentation },
  "package: size budget": { run: sizeBudget },
  "crate: tests in a page": { run: () => wasmInChromium("WASM_BINDGEN_USE_BROWSER") },
  "crate: tests in a worker": { run: () => wasmInChromium("WASM_BINDGEN_USE_DEDICATED_WORKER") },
  "crate: tests in Firefox": { run: () => wasmInFirefox("WASM_BINDGEN_USE_BROWSER") },
  "package: Node": { run: inNode },
  "package: hosts": { run: inHosts },
  "service: Node, service worker": { run: service },
  "browser: Chromium": { run: inChromium },
  "browser: Firefox": { run: () => inBrowser("firefox.test.mjs") },
  "browser: WebKit": { run: () => inBrowser("webkit.test.mjs") },
  "browser: same scores": { run: () => inBrowser("same-bits.test.mjs") },
  "browser: same heads": { run: () => inBrowser("taught.test.mjs") },
};

/** The suites that the command line names; all of them if it names none. */
function chosenSuites({ quick, parts }) {
  const chosen = Object.entries(suites).filter(
    ([name, suite]) => (!quick || suite.quick) && (parts.length === 0 || parts.some((part) => name.includes(part))),
  );
  if (chosen.length > 0) return chosen;
  throw new UserError(`no suite has such a name; the suites are:\n  ${Object.keys(suites).join("\n  ")}`);
}

const formatTime = (seconds) =>
  seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${(seconds % 60).toFixed(0)} s`;

/** Runs the suites one after the other. A failure does not keep the next ones from running. */
async function runSuites(chosen, options) {
  const results = [];
  for (const [name, suite] of chosen) {
    console.log(`\n━━ ${name}`);
    const start = performance.now();
    const failure = await suite.run(options).then(
      () => undefined,
      (error) => error,
    );
    if (failure) console.error(failure instanceof UserError ? `✗ ${failure.message}` : failure);
    results.push({ name, failure, seconds: (performance.now() - start) / 1000 });
  }
  return results;
}

function printSummary(results) {
  console.log("\n━━ summary");
  for (const { name, failure, seconds } of results) {
    console.log(`${failure ? "✗" : "✓"} ${name.padEnd(34)} ${formatTime(seconds).padStart(12)}`);
  }
  const failed = results.filter(({ failure }) => failure).length;
  const total = formatTime(results.reduce((sum, { seconds }) => sum + seconds, 0));
  console.log(`${results.length - failed} passed, ${failed} failed, ${total}`);
  return failed;
}

try {
  const { values, positionals: parts } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: "boolean" }, all: { type: "boolean", default: false } },
  });
  const chosen = chosenSuites({ quick: values.quick, parts });
  await ensureNode();
  await ensureRust();
  // The replacement of inventory: all of tract depends on it, and takes a quarter of an hour in its three builds.
  if (process.env.CI) await restoreTimes(join(root, "tools/vendor"), join(targetDir, "vendor-times.json"));
  process.exitCode = printSummary(await runSuites(chosen, { all: values.all })) > 0 ? 1 : 0;
} catch (error) {
  fail(error);
}
