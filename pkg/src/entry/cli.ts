#!/usr/bin/env node
/// <reference types="node" />
import { availableParallelism } from "node:os";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { classify } from "../command/classify.js";
import { serve } from "../command/serve.js";
import { describe, teach } from "../command/teach.js";
import { parseInteger, parseProbability, UsageError } from "../command/usage.js";
import { packFolder } from "../model/pack-folder.js";
import { useNode } from "../platform/node.js";

useNode();

const USAGE = `Usage: litmus-text serve [options]
       litmus-text classify FILE [options]
       litmus-text teach FILE -o HEAD [options]
       litmus-text pack FOLDER

serve answers POST /predict and GET /model, /health, /metrics, /openapi.json.

  --port N          port to listen on (default 8080; 0 takes a free one)
  --host NAME       address to listen on (default 127.0.0.1: only this machine)
  --task TASK       the task of requests that name none, such as toxicity
  --workers N, --head HEAD, --model URL

classify adds the columns "label" and "score" to a table with a header: comma-separated, or separated by tabs if its name
ends in .tsv. A text can have several labels where the task says so: they are separated by semicolons.

  --column NAME     the column of the texts (default text)
  --task TASK       a task of the model, such as sentiment, emotion or toxicity. Several times: two columns for each task
  -o, --output FILE the file to write (default: standard output)
  --threshold X     no label below this score, from 0 to 1
  --workers N, --head HEAD, --model URL

teach writes a head: labels of your own, taught from a table of examples. A row without a text adds a label that is taught by
its name.

  -o, --output HEAD the file to write
  --text NAME       the column of the texts (default text)
  --label NAME      the column of the labels (default label)
  --multi-label     a text can have several labels: each stands in a row of its own
  --other           reject texts that resemble no label's examples
  --with-examples   write the features of the examples, too, so that the head can be taught more
  --head HEAD       teach this head more
  --model URL

pack writes the sizes and SHA-256 sums of a model's files into FOLDER/litmus.json.

  --workers N       number of worker threads (default: the number of processors)
  --head HEAD       the file of a head that was taught, whose labels take the place of the model's
  --model URL       folder of a model (default: the packaged model)
  --help            print this text`;

type Options = NonNullable<ParseArgsConfig["options"]>;

const COMMON = { model: { type: "string" }, head: { type: "string" } } as const satisfies Options;
const WORKERS = { type: "string", default: String(availableParallelism()) } as const;
const OUTPUT = { type: "string", short: "o" } as const;

/** Reads the arguments of a command that takes `count` positional ones. */
function parse<const T extends Options>(args: string[], count: number, options: T) {
  try {
    const parsed = parseArgs({ args, allowPositionals: true, options });
    if (parsed.positionals.length !== count) throw new UsageError(USAGE);
    return parsed;
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

const parseWorkers = (value: string): number => parseInteger("workers", value, 1, 256);

/** Each resolves to the exit status. */
const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  async serve(args) {
    const options = {
      port: { type: "string", default: "8080" },
      host: { type: "string", default: "127.0.0.1" },
    } as const;
    const { values } = parse(args, 0, { ...COMMON, ...options, workers: WORKERS, task: { type: "string" } });
    const { host, model, head, task } = values;
    const port = parseInteger("port", values.port, 0, 65535);
    await serve({ port, host, workers: parseWorkers(values.workers), model, head, task });
    return 0;
  },

  async classify(args) {
    const { values, positionals } = parse(args, 1, {
      ...COMMON,
      workers: WORKERS,
      output: OUTPUT,
      column: { type: "string", default: "text" },
      task: { type: "string", multiple: true, default: [] },
      threshold: { type: "string" },
    });
    const { column, task: tasks, output, model, head } = values;
    const threshold = parseProbability("threshold", values.threshold);
    const [file] = positionals as [string];
    const workers = parseWorkers(values.workers);
    const unclassified = await classify({ file, column, tasks, output, threshold, workers, model, head });
    if (unclassified > 0)
      console.error(`litmus-text: ${unclassified} rows have no label, for example because their text is empty`);
    return unclassified > 0 ? 1 : 0;
  },

  async teach(args) {
    const { values, positionals } = parse(args, 1, {
      ...COMMON,
      "output": OUTPUT,
      "text": { type: "string", default: "text" },
      "label": { type: "string", default: "label" },
      "multi-label": { type: "boolean", default: false },
      "other": { type: "boolean", default: false },
      "with-examples": { type: "boolean", default: false },
    });
    const { output, text, label, other, model, head } = values;
    if (output === undefined) throw new UsageError("--output is missing: name the head file to write");
    const [file] = positionals as [string];
    const [multiLabel, withExamples] = [values["multi-label"], values["with-examples"]];
    const report = await teach({ file, text, label, output, multiLabel, other, withExamples, model, head });
    for (const line of describe(report)) console.log(line);
    return 0;
  },

  async pack(args) {
    const [folder] = parse(args, 1, {}).positionals as [string];
    const files = await packFolder(folder);
    for (const [path, { bytes, sha256 }] of Object.entries(files)) console.log(`${sha256}  ${bytes}  ${path}`);
    return 0;
  },
};

async function main([name = "", ...args]: string[]): Promise<number> {
  if ([name, ...args].includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(USAGE);
  return command(args);
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: Error) => {
    console.error(error instanceof UsageError ? error.message : `litmus-text: ${error.message}`);
    process.exit(1);
  },
);
