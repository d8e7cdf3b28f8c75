// npm run bench:spark: the command `litmus --rows` in one process, in a process for each core, and under Spark. Prints a table.
//   --rows N      rows (default 50000)
//   --only NAME   only contenders whose names contain NAME, and no table
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { ensureSpark } from "../../tests/spark/install.mjs";
import { fail, run, UserError } from "../../tools/command.mjs";
import { root } from "../../tools/paths.mjs";
import { ensureNode } from "../../tools/toolchain.mjs";
import { batch } from "../texts.mjs";

const cores = cpus().length;

/** Rows that all differ, as JSON Lines. */
function jsonLines(from, to) {
  const lines = [];
  for (let id = from; id < to; id++) lines.push(JSON.stringify({ id, text: `${batch[id % batch.length]} ${id}` }));
  return `${lines.join("\n")}\n`;
}

/** Writes rows into `count` files, each with an equal part of them. Returns the paths. */
async function writeParts(folder, rows, count) {
  const paths = [];
  for (let part = 0; part < count; part++) {
    const path = join(folder, `${count}-${part}.jsonl`);
    const file = await open(path, "w");
    const end = Math.round(((part + 1) * rows) / count);
    for (let from = Math.round((part * rows) / count); from < end; from += 10_000) {
      await file.write(jsonLines(from, Math.min(from + 10_000, end)));
    }
    await file.close();
    paths.push(path);
  }
  return paths;
}

/** Runs the command on a file. */
async function litmus(program, input, output) {
  const files = [await open(input), await open(output, "w")];
  const child = spawn(program, ["--rows"], { cwd: root, stdio: [files[0].fd, files[1].fd, "inherit"] });
  const [code] = await once(child, "close");
  for (const file of files) await file.close();
  if (code !== 0) throw new UserError(`${program} --rows failed with the exit status ${code}`);
}

async function countPredictions(path) {
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) count += line.includes('"prediction":{');
  return count;
}

async function processes(count, { folder, rows, litmus: program }) {
  const parts = await writeParts(folder, rows, count);
  const start = performance.now();
  await Promise.all(parts.map((path) => litmus(program, path, `${path}.out`)));
  const seconds = (performance.now() - start) / 1000;
  const labelled = await Promise.all(parts.map((path) => countPredictions(`${path}.out`)));
  return { seconds, labelled: labelled.reduce((sum, lines) => sum + lines, 0) };
}

async function spark(count, { folder, rows, litmus: program, bin, env }) {
  const [input] = await writeParts(folder, rows, 1);
  // Parts of equal size, three for each core: the last ones end at about the same time.
  const partBytes = Math.ceil((await stat(input)).size / (3 * count));
  const confs = ["spark.ui.enabled=false", "spark.log.level=ERROR", `spark.sql.files.maxPartitionBytes=${partBytes}`];
  const args = ["--master", `local[${count}]`, ...confs.flatMap((conf) => ["--conf", conf])];
  args.push(join(root, "examples/spark/classify.py"), "--litmus", `${program} --rows`, input);
  const start = performance.now();
  const printed = await run(join(bin, "spark-submit"), [...args, join(folder, `labelled-${count}`)], {
    quiet: true,
    env,
  });
  return {
    seconds: (performance.now() - start) / 1000,
    labelled: JSON.parse(printed.trim().split("\n").at(-1)).labelled,
  };
}

const contenders = {
  "one process": { cores: 1, run: (setup) => processes(1, setup) },
  [`${cores} processes`]: { cores, run: (setup) => processes(cores, setup) },
  "Spark, one core": { cores: 1, run: (setup) => spark(1, setup) },
  [`Spark, ${cores} cores`]: { cores, run: (setup) => spark(cores, setup) },
};

function table(rows, results) {
  const perCore = ({ name, seconds }) => rows / seconds / contenders[name].cores;
  const first = perCore(results[0]);
  return [
    `${rows} rows of one to forty words on ${cores} × ${cpus()[0].model.trim()}, from the start of the first process to the end of the last:`,
    "",
    "| | seconds | rows per second | rows per second and core | per core, beside one process |",
    "|---|---|---|---|---|",
    ...results.map((result) => {
      const { name, seconds } = result;
      return `| ${name} | ${seconds.toFixed(0)} | ${(rows / seconds).toFixed(0)} | ${perCore(result).toFixed(0)} | ${(perCore(result) / first).toFixed(2)} |`;
    }),
  ].join("\n");
}

async function main() {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: "50000" },
      only: { type: "string", default: "" },
    },
  });
  const rows = Number(values.rows);
  await ensureNode();
  const folder = await mkdtemp(join(tmpdir(), "litmus-spark-"));
  const setup = { ...(await ensureSpark()), folder, rows };
  const results = [];
  try {
    for (const name of Object.keys(contenders).filter((name) => name.includes(values.only))) {
      const result = { name, ...(await contenders[name].run(setup)) };
      console.log(JSON.stringify(result));
      if (result.labelled !== rows) throw new UserError(`${name}: ${result.labelled} of ${rows} rows have a label`);
      results.push(result);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  if (!values.only) console.log(`\n${table(rows, results)}`);
}

await main().catch(fail);
