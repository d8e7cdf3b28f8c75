// Runs commands and reports steps, durations and failures.
import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/** An error whose message is enough for the user: it is printed without a stack trace. */
export class UserError extends Error {}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Prints `title`, runs `work`, and prints how long it took. */
export async function step(title, work) {
  const start = performance.now();
  console.log(`▸ ${title}`);
  const result = await work();
  console.log(`  ${title}: ${seconds(start)}`);
  return result;
}

/**
 * Runs a command to its end. With `quiet`, it resolves to the command's output. With `prefix`, each line of output is
 * marked, so that two commands can run at once, and the elapsed time is printed when there is no output for long (a linker).
 */
export function run(command, args, { prefix, quiet, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = prefix ? ["ignore", "pipe", "pipe"] : quiet ? ["ignore", "pipe", "inherit"] : "inherit";
    const child = spawn(command, args, { cwd: root, stdio, ...options });
    const start = performance.now();
    let output = "";
    let lastOutput = start;
    if (prefix) {
      for (const stream of [child.stdout, child.stderr]) {
        let rest = "";
        stream.setEncoding("utf8").on("data", (text) => {
          lastOutput = performance.now();
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
      if (prefix && performance.now() - lastOutput > 20_000) {
        lastOutput = performance.now();
        console.log(`  [${prefix}] still running after ${seconds(start)}`);
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

/** Ends the process with an error: a UserError as one line, any other with its stack. */
export function fail(error) {
  console.error(`\n✗ ${error instanceof UserError ? error.message : error.stack}`);
  process.exit(1);
}
