// npm run fuzz [-- TARGET…] [--seconds N]: throws at each way in what it can think of; without --seconds, for an hour each.
// What is found and what was learnt stay in the target folder, under fuzz/; --minimise puts the best of it into corpus/.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fail, root, run, step, targetDir, Unmet } from "../../pkg/scripts/tools.mjs";

const here = join(root, "tests/fuzz");
const target = join(targetDir, "fuzz");
const fixtures = join(root, "tests/fixtures");

/** The longest input of each target in bytes, and where what it begins with lies, beside `corpus/`. */
const TARGETS = {
  model: { longest: 1500, seeds: [] },
  config: { longest: 3000, seeds: [join(fixtures, "bad/no-labels")] },
  tokenizer: { longest: 12_000, seeds: [] },
  text: { longest: 4000, seeds: [] },
  kernels: { longest: 1000, seeds: [] },
};

/** Compiles all targets. cargo reads `.cargo/config.toml` where it is called: there is what instruments the code. */
async function compile() {
  const env = { ...process.env, CARGO_TARGET_DIR: target };
  await step("cargo build of the fuzz targets", () => run("cargo", ["build", "--release", "--locked"], { cwd: here, prefix: "cargo", env }));
  const host = /host: (.*)/.exec(await run("rustc", ["-vV"], { quiet: true, cwd: here }))[1];
  return join(target, host, "release");
}

/** Goes through the corpus, then on from there for so long. */
async function fuzzOne(name, bin, seconds, short) {
  const { longest, seeds } = TARGETS[name];
  const learnt = join(target, "corpus", name);
  const artifacts = join(target, "artifacts", name);
  for (const folder of [learnt, artifacts]) await mkdir(folder, { recursive: true });
  const args = [learnt, join(here, "corpus", name), ...seeds, `-max_len=${longest}`, `-max_total_time=${seconds}`, `-artifact_prefix=${artifacts}/`];
  const env = { ...process.env, ...(short && { LITMUS_FUZZ_SHORT: "1" }) };
  await run(join(bin, name), [...args, "-timeout=60", "-rss_limit_mb=2500", "-malloc_limit_mb=1500", "-print_final_stats=1", "-verbosity=0"], { prefix: name, env });
}

/** Each target for so many seconds, two at a time. `short`: see below.rs. */
export async function fuzz({ seconds, names = Object.keys(TARGETS), short = false }) {
  const bin = await compile();
  const left = [...names];
  const worker = async () => {
    for (let name = left.shift(); name; name = left.shift()) await step(`${name}, ${seconds} s`, () => fuzzOne(name, bin, seconds, short));
  };
  const failures = (await Promise.allSettled([worker(), worker()])).filter(({ reason }) => reason);
  if (failures.length) throw new Unmet(failures.map(({ reason }) => reason.message).join("\n"));
}

async function minimise(names) {
  const bin = await compile();
  for (const name of names) {
    const corpus = join(here, "corpus", name);
    await rm(`${corpus}.old`, { recursive: true, force: true });
    const learnt = join(target, "corpus", name);
    const best = join(target, "best", name);
    await rm(best, { recursive: true, force: true });
    await mkdir(best, { recursive: true });
    await run(join(bin, name), ["-merge=1", `-max_len=${TARGETS[name].longest}`, best, corpus, learnt, ...TARGETS[name].seeds], { prefix: name });
    console.log(`${name}: ${(await readdir(best)).length} files in ${best}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { seconds: { type: "string" }, minimise: { type: "boolean" } } });
  const names = positionals.length ? positionals : Object.keys(TARGETS);
  const unknown = names.find((name) => !(name in TARGETS));
  if (unknown) fail(new Unmet(`no target is named ${unknown}; there are ${Object.keys(TARGETS).join(", ")}`));
  await (values.minimise ? minimise(names) : fuzz({ seconds: Number(values.seconds ?? 3600), names })).catch(fail);
}
