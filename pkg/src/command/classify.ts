/// <reference types="node" />
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { AnyTaskOptions } from "../shared/task-types.js";
import type { Prediction, StreamOptions } from "../shared/types.js";
import { loadClassifier, type ModelArguments } from "./model-arguments.js";
import { ProgressBar } from "./progress-bar.js";
import { BYTE_ORDER_MARK, formatRow, outputFormat, type Row, readTable } from "./table.js";
import { UsageError } from "./usage.js";

export interface ClassifyArguments extends ModelArguments {
  /** The table. */
  file: string;
  /** What separates its cells; recognised if there is none. */
  delimiter: string | undefined;
  /** The column of the texts. */
  column: string;
  /** The tasks; the classifier's own labels if there are none. */
  tasks: string[];
  /** The file to write; standard output if there is none. */
  output: string | undefined;
  threshold: number | undefined;
  workers: number;
}

/** A row that was not classified. */
export interface UnclassifiedRow {
  /** Its number in a spreadsheet: the header is row 1. */
  number: number;
  /** The code of its error. */
  code: string;
}

/** The maximum number of rows without a label that a message names. */
const MAX_NAMED = 10;

/** The cells of a prediction: its label, or labels, and the score. */
function cellsOf(prediction: Prediction | undefined): string[] {
  if (!prediction) return ["", ""];
  const { label, labels, score } = prediction;
  return [labels ? labels.join(";") : (label ?? ""), String(score)];
}

/**
 * Adds the columns `label` and `score` to a table; with several tasks, two columns for each. Where a text cannot be classified,
 * because it is empty for instance, the added cells are empty. Resolves to these rows.
 *
 * @throws UsageError if the table cannot be read, or the output cannot be written; LitmusError of the load and of the predictions
 */
export async function classify(options: ClassifyArguments): Promise<UnclassifiedRow[]> {
  const { file, delimiter, column, tasks, output, threshold, workers } = options;
  const table = await readTable(file, delimiter, [column], "--column");
  const format = outputFormat(table.format, output);
  const [index] = table.columns as [number];
  const names = tasks.length > 1 ? tasks.flatMap((task) => [task, `${task}_score`]) : ["label", "score"];
  const existing = names.find((name) => table.header.includes(name));
  if (existing) throw new UsageError(`${table.name} has a column "${existing}", which classify adds: rename it`);
  const classifier = await loadClassifier(options, { workers });
  const out = output === undefined ? process.stdout : createWriteStream(output);
  const failed = new Promise<never>((_, reject) => out.once("error", reject));
  failed.catch(() => undefined); // handled below, where it is raced with what is written
  const write = async (text: string) => {
    if (!out.write(text)) await Promise.race([once(out, "drain"), failed]);
  };
  const bar = new ProgressBar();
  const unclassified: UnclassifiedRow[] = [];
  try {
    const mark = format.hasByteOrderMark ? BYTE_ORDER_MARK : "";
    await write(mark + formatRow(format, [...table.header, ...names]));
    const texts = table.rows.map(({ cells }) => cells[index] as string);
    // Whether items have one prediction or one per task depends on the arguments, which TypeScript cannot follow.
    const taskOptions: AnyTaskOptions = tasks.length > 1 ? { tasks } : { task: tasks[0] };
    for await (const item of classifier.stream(texts, { ...(taskOptions as StreamOptions), threshold })) {
      const { prediction, predictions } = item as { prediction?: Prediction; predictions?: Record<string, Prediction> };
      const { number, cells } = table.rows[item.index] as Row;
      if (item.error) unclassified.push({ number, code: item.error.code });
      const added = tasks.length > 1 ? tasks.flatMap((task) => cellsOf(predictions?.[task])) : cellsOf(prediction);
      await write(formatRow(format, [...cells, ...added]));
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

/** The message that names the rows that were not classified. */
export function describeUnclassified(rows: UnclassifiedRow[]): string {
  const named = rows.slice(0, MAX_NAMED).map(({ number, code }) => `row ${number} (${code})`);
  const more = rows.length - named.length;
  const all = [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
  return `${rows.length} ${rows.length === 1 ? "row has" : "rows have"} no label: ${all}`;
}
