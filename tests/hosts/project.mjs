// A new project for each test, with the packed package installed, and the output that its program must have.
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** Time limit of anything here, in milliseconds. */
export const LIMIT = 60_000;
/** The strictest Content-Security-Policy that lets WebAssembly run. */
export const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

const apps = fileURLToPath(new URL("apps/", import.meta.url));
/** Set by tests/run.mjs: the tarball, the folder of the installed package, and the folder with the tools. */
export const { LITMUS_TARBALL: tarball, LITMUS_INSTALLED: installed, LITMUS_TOOLS: tools } = process.env;
const require = createRequire(join(tools, "package.json"));

/** The module of a tool; the path of a file in its package. */
export const tool = (name) => import(pathToFileURL(require.resolve(name)).href);
export const toolFile = (path) => join(tools, "node_modules", path);

/**
 * A copy of an app with `node_modules/litmus-text` as npm installed it. It is removed when the test ends. A project `within`
 * the folder of the tools finds them as if they were installed in it.
 */
export async function project(t, app, { within = tmpdir() } = {}) {
  const folder = await mkdtemp(join(within, `litmus-${app}-`));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  await cp(join(apps, app), folder, { recursive: true });
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
