/// <reference types="node" />
import type { AnyTaskOptions } from "../shared/task-types.js";
import type { Prediction, PredictionWarning, StreamOptions } from "../shared/types.js";
import { loadClassifier, type ModelArguments } from "./model-arguments.js";
import { type Output, openOutput } from "./output.js";
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

/** What the user has to know about the rows of a table that was classified. Rows have their number in a spreadsheet: the header is row 1. */
export interface ClassifyReport {
  /** The number of rows. */
  rows: number;
  /** The rows that were not classified, each with the code of its error. */
  unclassified: { number: number; code: string }[];
  /** The rows whose prediction has a warning. */
  warned: Map<PredictionWarning, number[]>;
}

/** The maximum number of rows that a message names. */
const MAX_NAMED = 10;

/** The end of the sentence `N of M texts are …`. */
const WARNINGS: Record<PredictionWarning, string> = {
  "other-script": "in a script that the model does not read",
  "mostly-unknown-tokens": "mostly unknown to the model",
};

/** The cells of a prediction: its label, or labels, and the score. */
function cellsOf(prediction: Prediction | undefined): string[] {
  if (!prediction) return ["", ""];
  const { label, labels, score } = prediction;
  return [labels ? labels.join(";") : (label ?? ""), String(score)];
}

/**
 * Adds the columns `label` and `score` to a table; with several tasks, two columns for each. Where a text cannot be classified,
 * because it is empty for instance, the added cells are empty. The table can be its own output.
 *
 * @throws UsageError if the table cannot be read, or the output cannot be written; LitmusError of the load and of the predictions
 */
export async function classify(options: ClassifyArguments): Promise<ClassifyReport> {
  const { file, delimiter, column, tasks, output, threshold, workers } = options;
  const table = await readTable(file, delimiter, [column], "--column");
  const format = outputFormat(table.format, output);
  const [index] = table.columns as [number];
  const names = tasks.length > 1 ? tasks.flatMap((task) => [task, `${task}_score`]) : ["label", "score"];
  const existing = names.find((name) => table.header.includes(name));
  if (existing) throw new UsageError(`${table.name} has a column "${existing}", which classify adds: rename it`);
  const classifier = await loadClassifier(options, { workers });
  const bar = new ProgressBar();
  const report: ClassifyReport = { rows: table.rows.length, unclassified: [], warned: new Map() };
  let out: Output | undefined;
  try {
    out = await openOutput(output);
    const mark = format.hasByteOrderMark ? BYTE_ORDER_MARK : "";
    await out.write(mark + formatRow(format, [...table.header, ...names]));
    const texts = table.rows.map(({ cells }) => cells[index] as string);
    // Whether items have one prediction or one per task depends on the arguments, which TypeScript cannot follow.
    const taskOptions: AnyTaskOptions = tasks.length > 1 ? { tasks } : { task: tasks[0] };
    for await (const item of classifier.stream(texts, { ...(taskOptions as StreamOptions), threshold })) {
      const { prediction, predictions } = item as { prediction?: Prediction; predictions?: Record<string, Prediction> };
      const { number, cells } = table.rows[item.index] as Row;
      if (item.error) report.unclassified.push({ number, code: item.error.code });
      // Warnings are about the text: they are the same for each task.
      collectWarnings(report, number, prediction ?? predictions?.[tasks[0] as string]);
      const added = tasks.length > 1 ? tasks.flatMap((task) => cellsOf(predictions?.[task])) : cellsOf(prediction);
      await out.write(formatRow(format, [...cells, ...added]));
      bar.update(item.index + 1, texts.length);
    }
    await out.end();
  } finally {
    bar.clear();
    classifier.close();
    await out?.discard();
  }
  return report;
}

/** Adds the warnings of a row's prediction to the report. */
function collectWarnings({ warned }: ClassifyReport, row: number, prediction: Prediction | undefined): void {
  for (const warning of prediction?.warnings ?? []) {
    const rows = warned.get(warning);
    if (rows) rows.push(row);
    else warned.set(warning, [row]);
  }
}

/** The report as lines of text. */
export function formatClassifyReport({ rows, unclassified, warned }: ClassifyReport): string[] {
  const failed = unclassified.map(({ number, code }) => `row ${number} (${code})`);
  const count = failed.length;
  return [
    ...[...warned].map(
      ([warning, numbers]) =>
        `${numbers.length} of ${rows} texts ${numbers.length === 1 ? "is" : "are"} ${WARNINGS[warning]} (${warning}): ` +
        joinNames(numbers.map((number) => `row ${number}`)),
    ),
    ...(count > 0 ? [`${count} ${count === 1 ? "row has" : "rows have"} no label: ${joinNames(failed)}`] : []),
  ];
}

function joinNames(names: string[]): string {
  const more = names.length - MAX_NAMED;
  return [...names.slice(0, MAX_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}
