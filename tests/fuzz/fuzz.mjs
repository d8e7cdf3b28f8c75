// npm run fuzz [-- TARGET…] [--seconds N]: fuzzes each target with libFuzzer, for ten minutes each by default. Crashes and
// the inputs that reached new code stay in the target folder, under fuzz/. --keep adds those inputs to corpus/, one per
// line, in base64.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fail, run, step, UserError } from "../../tools/command.mjs";
import { root, targetDir } from "../../tools/paths.mjs";

const here = join(root, "tests/fuzz");
const target = join(targetDir, "fuzz");

/** How long a target is fuzzed by default. */
const SECONDS = 600;

/** Maximum input length of each target in bytes. */
const TARGETS = { model: 1500, config: 3000, tokenizer: 12_000, text: 4000, kernels: 1000 };

/** Compiles all targets in tests/fuzz, where cargo finds the `.cargo/config.toml` that instruments the code. */
async function compile() {
  const env = { ...process.env, CARGO_TARGET_DIR: target };
  await step("cargo build of the fuzz targets", () =>
    run("cargo", ["build", "--release", "--locked"], { cwd: here, prefix: "cargo", env }),
  );
  const host = /host: (.*)/.exec(await run("rustc", ["-vV"], { quiet: true, cwd: here }))[1];
  return join(target, host, "release");
}

const corpus = (name) => join(here, "corpus", `${name}.txt`);

/** Writes the corpus into a folder, one file per input. Resolves to the folder for new inputs, and to that folder. */
async function folders(name, short) {
  const [seeds, learnt] = ["seeds", short ? "learnt-short" : "learnt"].map((folder) => join(target, folder, name));
  for (const folder of short ? [seeds, learnt] : [seeds]) await rm(folder, { recursive: true, force: true });
  for (const folder of [seeds, learnt]) await mkdir(folder, { recursive: true });
  const lines = (await readFile(corpus(name), "utf8")).trimEnd().split("\n");
  await Promise.all(lines.map((line, i) => writeFile(join(seeds, String(i)), Buffer.from(line, "base64"))));
  return [learnt, seeds];
}

/** Runs a target on its corpus, and then on mutations for `seconds`. */
async function fuzzOne(name, bin, seconds, short) {
  const artifacts = join(target, short ? "artifacts-short" : "artifacts", name);
  if (short) await rm(artifacts, { recursive: true, force: true });
  await mkdir(artifacts, { recursive: true });
  const args = [
    ...(await folders(name, short)),
    `-max_len=${TARGETS[name]}`,
    `-max_total_time=${seconds}`,
    `-artifact_prefix=${artifacts}/`,
  ];
  const env = { ...process.env, ...(short && { LITMUS_FUZZ_SHORT: "1" }) };
  // A short run is deterministic up to the point where its time ends. A long run continues after a crash and keeps all
  // of them.
  args.push(...(short ? ["-seed=1"] : ["-fork=1", "-ignore_crashes=1", "-ignore_timeouts=1", "-ignore_ooms=1"]));
  await run(
    join(bin, name),
    [
      ...args,
      "-timeout=60",
      "-rss_limit_mb=2500",
      "-malloc_limit_mb=1500",
      "-print_final_stats=1",
      "-print_funcs=0",
      "-verbosity=0",
    ],
    { prefix: name, env },
  );
  const found = (await readdir(artifacts)).filter((file) => !file.startsWith("slow-unit"));
  if (found.length) throw new UserError(`${name}: found ${found.join(", ")} in ${artifacts}`);
}

/** Fuzzes each target for `seconds`, two at a time. `short`: see library_panics.rs. */
export async function fuzz({ seconds, names = Object.keys(TARGETS), short = false }) {
  const bin = await compile();
  const left = [...names];
  const worker = async () => {
    for (let name = left.shift(); name; name = left.shift())
      await step(`${name}, ${seconds} s`, () => fuzzOne(name, bin, seconds, short));
  };
  const failures = (await Promise.allSettled([worker(), worker()])).filter(({ reason }) => reason);
  if (failures.length) throw new UserError(failures.map(({ reason }) => reason.message).join("\n"));
}

/** Adds those learnt inputs to the corpus that reach code which no input of the corpus reaches. */
async function keep(names) {
  const bin = await compile();
  for (const name of names) {
    const [learnt, seeds] = await folders(name);
    await run(join(bin, name), ["-set_cover_merge=1", "-use_counters=0", `-max_len=${TARGETS[name]}`, seeds, learnt], {
      prefix: name,
    });
    const inputs = await Promise.all((await readdir(seeds)).map((file) => readFile(join(seeds, file))));
    await writeFile(
      corpus(name),
      inputs
        .map((input) => `${input.toString("base64")}\n`)
        .sort()
        .join(""),
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: "string" }, keep: { type: "boolean" } },
  });
  const names = positionals.length ? positionals : Object.keys(TARGETS);
  const unknown = names.find((name) => !(name in TARGETS));
  if (unknown) fail(new UserError(`no target is named ${unknown}; the targets are ${Object.keys(TARGETS).join(", ")}`));
  await (values.keep ? keep(names) : fuzz({ seconds: Number(values.seconds ?? SECONDS), names })).catch(fail);
}
