// What the tests of the service ask it, wherever it runs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

export const POSITIVE = "a gorgeous, witty, seductive movie";
export const NEGATIVE = "unflinchingly bleak and desperate";

/** The request that README shows and what it says is answered. */
export async function shown() {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const [, body, answer] = /curl .* -d '(.*)'\n(.*)\n/.exec(readme);
  assert.ok(readme.includes(`fetch("/predict", { method: "POST", headers: { "content-type": "application/json" }, body: '${body}' })`));
  return { body: JSON.parse(body), answer };
}

export const post = (body, { path = "/predict", type = "application/json", headers, ...init } = {}) =>
  new Request(`http://localhost${path}`, {
    method: "POST",
    headers: { ...(type && { "content-type": type }), ...headers },
    body: typeof body === "string" || ArrayBuffer.isView(body) || body instanceof ReadableStream ? body : JSON.stringify(body),
    duplex: "half",
    ...init,
  });

export const get = (path, method = "GET") => new Request(`http://localhost${path}`, { method });

/** The value of a series in what `/metrics` says, 0 if it has none yet. */
export async function metric(handler, series) {
  const text = await (await handler(get("/metrics"))).text();
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line ? Number(line.slice(series.length + 1)) : 0;
}

/** Resolves once `condition` holds. */
export async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
