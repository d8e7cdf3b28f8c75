// Runs commands and reports steps, durations and failures.
import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/** An error whose message is enough for the user: printed without a stack. */
export class UserError extends Error {}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Says what is done, does it, and says how long it took. */
export async function step(title, work) {
  const start = performance.now();
  console.log(`▸ ${title}`);
  const result = await work();
  console.log(`  ${title}: ${seconds(start)}`);
  return result;
}

/**
 * Runs a command to its end. With `prefix`, each line of its output is marked, so that two can run
 * at once, and a long silence (a linker at work) is filled with the time that passed.
 */
export function run(command, args, { prefix, quiet, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = prefix ? ["ignore", "pipe", "pipe"] : quiet ? ["ignore", "pipe", "inherit"] : "inherit";
    const child = spawn(command, args, { cwd: root, stdio, ...options });
    const start = performance.now();
    let output = "";
    let heard = start;
    if (prefix) {
      for (const stream of [child.stdout, child.stderr]) {
        let rest = "";
        stream.setEncoding("utf8").on("data", (text) => {
          heard = performance.now();
          const lines = (rest + text).split("\n");
          rest = lines.pop();
          for (const line of lines) console.log(`  [${prefix}] ${line.trim()}`);
        });
        stream.on("end", () => rest && console.log(`  [${prefix}] ${rest}`));
      }
    } else {
      child.stdout?.setEncoding("utf8").on("data", (text) => (output += text));
    }
    const heartbeat = setInterval(() => {
      if (prefix && performance.now() - heard > 20_000) {
        heard = performance.now();
        console.log(`  [${prefix}] still at work after ${seconds(start)}`);
      }
    }, 5000);
    child.on("error", (error) => {
      clearInterval(heartbeat);
      reject(error.code === "ENOENT" ? new UserError(`${command} is not installed`) : error);
    });
    child.on("close", (code, signal) => {
      clearInterval(heartbeat);
      if (code === 0) resolve(output);
      else reject(new UserError(`${command} ${args.join(" ")} failed (${signal ?? `exit code ${code}`})`));
    });
  });
}

/** Ends a script: what the user can mend in one line, anything else with its stack. */
export function fail(error) {
  console.error(`\n✗ ${error instanceof UserError ? error.message : error.stack}`);
  process.exit(1);
}
