/// <reference types="node" />
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { createClassifier } from "../api/create-classifier.js";
import type { ClassifierOptions } from "../shared/model-types.js";
import type { AnyTaskOptions } from "../shared/task-types.js";
import type { Prediction, StreamOptions } from "../shared/types.js";
import { ProgressBar } from "./progress-bar.js";
import { columnOf, formatRow, readTable } from "./table.js";
import { UsageError } from "./usage.js";

export interface ClassifyArguments {
  /** The table. */
  file: string;
  /** The column of the texts. */
  column: string;
  /** The tasks; the classifier's own labels if there are none. */
  tasks: string[];
  /** The file to write; standard output if there is none. */
  output: string | undefined;
  threshold: number | undefined;
  workers: number;
  model: string | undefined;
  /** The file of a head that was taught. */
  head: string | undefined;
}

/** The cells of a prediction: its label, or labels, and the score. */
function cellsOf(prediction: Prediction | undefined): string[] {
  if (!prediction) return ["", ""];
  const { label, labels, score } = prediction;
  return [labels ? labels.join(";") : (label ?? ""), String(score)];
}

/**
 * Adds the columns `label` and `score` to a table; with several tasks, two columns for each. The cells of a row without a
 * prediction are empty: its text is empty, for instance. Resolves to the number of these rows.
 */
export async function classify(options: ClassifyArguments): Promise<number> {
  const { file, column, tasks, output, threshold } = options;
  const table = await readTable(file);
  const index = columnOf(table, file, column, "--column");
  const classifier = await createClassifier(await classifierOptions(options));
  const out = output === undefined ? process.stdout : createWriteStream(output);
  const failed = new Promise<never>((_, reject) => out.once("error", reject));
  failed.catch(() => undefined); // it is awaited below
  const write = async (cells: string[]) => {
    if (!out.write(formatRow(output, cells))) await Promise.race([once(out, "drain"), failed]);
  };
  const bar = new ProgressBar();
  let unclassified = 0;
  const names = tasks.length > 1 ? tasks.flatMap((task) => [task, `${task}_score`]) : ["label", "score"];
  try {
    await write([...table.header, ...names]);
    const texts = table.rows.map((row) => row[index] ?? "");
    // One task or several: TypeScript cannot tell which items come.
    const taskOptions: AnyTaskOptions = tasks.length > 1 ? { tasks } : { task: tasks[0] };
    for await (const item of classifier.stream(texts, { ...(taskOptions as StreamOptions), threshold })) {
      const { prediction, predictions } = item as { prediction?: Prediction; predictions?: Record<string, Prediction> };
      if (item.error) unclassified++;
      const cells = tasks.length > 1 ? tasks.flatMap((task) => cellsOf(predictions?.[task])) : cellsOf(prediction);
      const row = table.rows[item.index] as string[];
      const missing = Array.from({ length: Math.max(0, table.header.length - row.length) }, () => "");
      await write([...row, ...missing, ...cells]);
      bar.update(item.index + 1, texts.length);
    }
    if (output !== undefined) await Promise.race([finished(out.end()), failed]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UsageError(`${output ?? "standard output"} cannot be written: ${(error as Error).message}`);
  } finally {
    bar.clear();
    classifier.close();
  }
  return unclassified;
}

async function classifierOptions({ workers, model, head }: ClassifyArguments): Promise<ClassifierOptions> {
  return { workers, model, ...(head !== undefined && { head: await readHead(head) }) };
}

/** Reads the file of a head. */
export async function readHead(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new UsageError(`${path} cannot be read: ${error.message}`);
  });
  return new Uint8Array(bytes);
}
