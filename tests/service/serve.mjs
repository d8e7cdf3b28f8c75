// litmus-text serve as a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";
import { until } from "./service.mjs";

/** Starts it at any free port, and resolves when it listens or has ended. */
export async function serve(...options) {
  const child = spawn(process.execPath, [join(root, "pkg/dist/cli.js"), "serve", "--port", "0", ...options]);
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => output.push(text));
  const exited = once(child, "exit").then(([code]) => code);
  const url = () => output.join("").match(/http:\S+/)?.[0];
  await until(() => url() || child.exitCode !== null);
  const ready = () => until(async () => (await fetch(`${url()}health`)).ok);
  return { url: url(), child, exited, ready, output: () => output.join("") };
}
