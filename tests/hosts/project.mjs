// A project of its own for each test, with the packed package installed, and what its program is to say.
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** Milliseconds that anything here may take. */
export const LIMIT = 60_000;
/** The strictest Content-Security-Policy that lets WebAssembly run. */
export const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

const apps = fileURLToPath(new URL("apps/", import.meta.url));
/** Set by tests/run.mjs: the package's tarball, where it is installed, and the folder with the tools. */
export const { LITMUS_TARBALL: tarball, LITMUS_INSTALLED: installed, LITMUS_TOOLS: tools } = process.env;
const require = createRequire(join(tools, "package.json"));

/** A tool's module, or a file of its package. */
export const tool = (name) => import(pathToFileURL(require.resolve(name)).href);
export const toolFile = (path) => join(tools, "node_modules", path);

/** A copy of an app, with `node_modules/litmus-text` as npm unpacked it, until the test ends. */
export async function project(t, app) {
  const folder = await mkdtemp(join(tmpdir(), `litmus-${app}-`));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  await cp(join(apps, app), folder, { recursive: true });
  await cp(installed, join(folder, "node_modules", "litmus-text"), { recursive: true });
  return folder;
}

/** Has a build script of a project find this tool as if it were installed there. */
export async function link(folder, name) {
  const place = join(folder, "node_modules", name);
  await mkdir(dirname(place), { recursive: true });
  await symlink(toolFile(name), place, "dir");
}

/** Runs a program in a folder to its end, and resolves to what it printed. */
export async function output(folder, program, ...args) {
  const { stdout } = await promisify(execFile)(program, args, { cwd: folder, timeout: LIMIT, maxBuffer: 1e8 });
  return stdout.trim();
}

/** A program that comes inside an npm package, where npm unpacks it as a plain file. */
export async function executable(path) {
  const program = toolFile(path);
  await chmod(program, 0o755);
  return program;
}

/** What the apps show: label and score, the same bits everywhere. */
export async function expected() {
  const { predict } = await import(pathToFileURL(join(installed, "dist/node.js")).href);
  const { label, score } = await predict("I loved every minute of it");
  return `${label} ${score}`;
}
