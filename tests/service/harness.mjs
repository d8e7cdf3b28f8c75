// Requests to the service, and ways to start it, shared by its tests and its benchmark.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";

export const POSITIVE = "a gorgeous, witty, seductive movie";
export const NEGATIVE = "unflinchingly bleak and desperate";

/** The command line program of the built package. */
export const cli = join(root, "pkg/dist/cli.js");

/** Starts `litmus-text serve` on a free port, with further arguments: see `startServer`. */
export const startService = (args, options) =>
  startServer(process.execPath, [cli, "serve", "--port", "0", ...args], options);

/**
 * Starts a program that prints the URL at which it listens. `exited` resolves to the exit code, `url()` returns the URL once it was
 * printed, and `output()` all that was printed.
 */
export function spawnServer(program, args, options = {}) {
  const child = spawn(program, args, options);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (printed += text));
  const exited = once(child, "exit").then(([code]) => code);
  return { child, exited, url: () => /http:\S+/.exec(printed)?.[0], output: () => printed };
}

/**
 * Starts a program that prints the URL at which it listens. Resolves when it has printed it or has exited. `ready()` resolves when the
 * model is loaded. `onSpawn` gets the process before that, so that the caller can kill it if it never listens.
 */
export async function startServer(program, args, { onSpawn, ...options } = {}) {
  const { child, url, ...server } = spawnServer(program, args, options);
  onSpawn?.(child);
  await until(() => url() || child.exitCode !== null);
  const ready = () => until(async () => (await fetch(`${url()}health`)).ok);
  return { ...server, child, url: url(), ready };
}

/** A request for predictions. A body that is neither a string nor bytes is sent as JSON. */
export const post = (body, { path = "/predict", type = "application/json", headers, ...init } = {}) =>
  new Request(`http://localhost${path}`, {
    method: "POST",
    headers: { ...(type && { "content-type": type }), ...headers },
    body:
      typeof body === "string" || ArrayBuffer.isView(body) || body instanceof ReadableStream
        ? body
        : JSON.stringify(body),
    duplex: "half",
    ...init,
  });

export const get = (path, method = "GET") => new Request(`http://localhost${path}`, { method });

/** Where the prediction in a response came from: `hit`, `miss` or `shared`. */
export const cacheStatus = (response) => response.headers.get("x-litmus-cache");

/** The parsed lines of a streamed response. */
export async function readLines(response) {
  const text = await response.text();
  assert.ok(text.endsWith("\n"));
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The value of a series in the metrics of a handler, 0 if the series does not exist. */
export async function metric(handler, series) {
  const text = await (await handler(get("/metrics"))).text();
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  return line ? Number(line.slice(series.length + 1)) : 0;
}

/** The request of docs/service.md, which shows it for curl and for fetch, and its response. */
export async function documentedRequest() {
  const page = await readFile(join(root, "docs/service.md"), "utf8");
  const [, body, answer] = /curl .* -d '(.*)'\n(.*)\n/.exec(page);
  assert.ok(
    page.includes(
      `fetch("/predict", { method: "POST", headers: { "content-type": "application/json" }, body: '${body}' })`,
    ),
  );
  return { body: JSON.parse(body), answer };
}

export const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves when `condition` holds. */
export async function until(condition) {
  while (!(await condition())) await wait(5);
}
