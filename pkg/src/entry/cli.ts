#!/usr/bin/env node
/// <reference types="node" />
import { availableParallelism } from "node:os";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { classify, formatClassifyReport } from "../command/classify.js";
import { serve } from "../command/serve.js";
import { formatTeachReport, teach } from "../command/teach.js";
import { checkTasks, parseDelimiter, parseInteger, parseProbability, UsageError } from "../command/usage.js";
import { packFolder } from "../model/pack-folder.js";
import { useNode } from "../platform/node.js";

useNode();

const USAGE = `Usage: litmus-text serve [options]
       litmus-text classify FILE [options]
       litmus-text teach FILE -o HEAD [options]
       litmus-text pack FOLDER
       litmus-text --version

serve answers POST /predict and GET /model, /health, /metrics, /openapi.json.

  --port N          port to listen on (default 8080; 0 takes a free one)
  --host NAME       address to listen on (default 127.0.0.1: only this machine)
  --task TASK       the task of requests that name none, such as toxicity
  --workers N, --head HEAD, --model URL

classify adds the columns "label" and "score" to a table in UTF-8 with a header. Commas, semicolons or tabs separate its cells,
in the output as in FILE; tabs if the name ends in .tsv. The FILE - is standard input. A text can have several labels where the
task says so: they are separated by semicolons.

  --column NAME     the column of the texts (default text)
  --task TASK       a task of the model, such as sentiment, emotion or toxicity. Several times: two columns for each task
  -o, --output FILE the file to write (default: standard output)
  --threshold X     no label below this score, from 0 to 1
  --delimiter C     another character that separates the cells
  --workers N, --head HEAD, --model URL

teach writes a head: labels of your own, taught from a table of examples. A row without a text adds a label that is taught by
its name.

  -o, --output HEAD the file to write
  --text NAME       the column of the texts (default text)
  --label NAME      the column of the labels (default label)
  --multi-label     a text can have several labels: each stands in a row of its own
  --other           reject texts that resemble no label's examples
  --delimiter C     another character that separates the cells of FILE
  --with-examples   write the features of the examples, too, so that the head can be taught more
  --head HEAD       teach this head more
  --model URL

pack writes the sizes and SHA-256 sums of a model's files into FOLDER/litmus.json.

Options of several commands:

  --workers N       number of worker threads (default: the number of processors)
  --head HEAD       the file of a head that was taught, whose labels take the place of the model's
  --model URL       folder of a model (default: the packaged English model). "multilingual" is the packaged model for nine
                    languages, unless the current directory has a folder of that name
  --help            print this text`;

type Options = NonNullable<ParseArgsConfig["options"]>;

const COMMON = { model: { type: "string" }, head: { type: "string" } } as const satisfies Options;
const MAX_WORKERS = 256;
const WORKERS = { type: "string", default: String(Math.min(availableParallelism(), MAX_WORKERS)) } as const;
const OUTPUT = { type: "string", short: "o" } as const;
const DELIMITER = { type: "string" } as const;

const HELP = "litmus-text --help lists commands and options";

/**
 * Reads the arguments of a command. `operand` is the name of its one positional argument, if it has one.
 *
 * @throws UsageError
 */
function parse<const T extends Options>(command: string, operand: string | undefined, args: string[], options: T) {
  // Unknown options are looked for here, because Node's message for them is about positional arguments.
  const { tokens } = parseArgs({
    args,
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: options as Options,
  });
  for (const token of tokens) {
    if (token.kind !== "option" || Object.hasOwn(options, token.name)) continue;
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(
      `unknown option ${token.rawName} of ${command} (known: ${known.join(", ") || "none"}): ${HELP}`,
    );
  }
  const parsed = parseStrictly(args, options);
  const [first, second] = parsed.positionals;
  if (operand !== undefined && first === undefined) throw new UsageError(`${command} needs a ${operand}: ${HELP}`);
  const surplus = operand === undefined ? first : second;
  if (surplus === undefined) return parsed;
  const expected = operand === undefined ? "only options" : `one ${operand}`;
  throw new UsageError(`unexpected argument "${surplus}": ${command} takes ${expected}: ${HELP}`);
}

function parseStrictly<const T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const parseWorkers = (value: string): number => parseInteger("workers", value, 1, MAX_WORKERS);

/** The commands. Each resolves to the exit status. */
const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  async serve(args) {
    const options = {
      port: { type: "string", default: "8080" },
      host: { type: "string", default: "127.0.0.1" },
    } as const;
    const { values } = parse("serve", undefined, args, {
      ...COMMON,
      ...options,
      workers: WORKERS,
      task: { type: "string" },
    });
    const { host, model, head, task } = values;
    checkTasks(task === undefined ? [] : [task], head);
    const port = parseInteger("port", values.port, 0, 65535);
    await serve({ port, host, workers: parseWorkers(values.workers), model, head, task });
    return 0;
  },

  async classify(args) {
    const { values, positionals } = parse("classify", "FILE", args, {
      ...COMMON,
      workers: WORKERS,
      output: OUTPUT,
      delimiter: DELIMITER,
      column: { type: "string", default: "text" },
      task: { type: "string", multiple: true, default: [] },
      threshold: { type: "string" },
    });
    const { column, task: tasks, output, model, head } = values;
    checkTasks(tasks, head);
    const threshold = parseProbability("threshold", values.threshold);
    const delimiter = parseDelimiter(values.delimiter);
    const [file] = positionals as [string];
    const workers = parseWorkers(values.workers);
    const report = await classify({ file, delimiter, column, tasks, output, threshold, workers, model, head });
    for (const line of formatClassifyReport(report)) console.error(`litmus-text: ${line}`);
    return report.unclassified.length === 0 ? 0 : 1;
  },

  async teach(args) {
    const { values, positionals } = parse("teach", "FILE", args, {
      ...COMMON,
      "output": OUTPUT,
      "delimiter": DELIMITER,
      "text": { type: "string", default: "text" },
      "label": { type: "string", default: "label" },
      "multi-label": { type: "boolean" },
      "other": { type: "boolean" },
      "with-examples": { type: "boolean", default: false },
    });
    const { output, text, label, other, model, head } = values;
    if (output === undefined) throw new UsageError("--output is missing: name the head file to write");
    const delimiter = parseDelimiter(values.delimiter);
    const [file] = positionals as [string];
    const [multiLabel, withExamples] = [values["multi-label"], values["with-examples"]];
    const report = await teach({ file, delimiter, text, label, output, multiLabel, other, withExamples, model, head });
    for (const line of formatTeachReport(report)) console.log(line);
    return 0;
  },

  async pack(args) {
    const [folder] = parse("pack", "FOLDER", args, {}).positionals as [string];
    const files = await packFolder(folder);
    for (const [path, { bytes, sha256 }] of Object.entries(files)) console.log(`${sha256}  ${bytes}  ${path}`);
    return 0;
  },
};

async function main([name, ...args]: string[]): Promise<number> {
  if ([name, ...args].includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  if (name === "--version") {
    console.log(`litmus-text ${PACKAGE_VERSION}`);
    return 0;
  }
  if (name === undefined) throw new UsageError(USAGE);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) return command(args);
  throw new UsageError(`unknown command "${name}" (known: ${Object.keys(COMMANDS).join(", ")}): ${HELP}`);
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
