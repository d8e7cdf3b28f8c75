/// <reference types="node" />
import type { TeachReport } from "../shared/teach-types.js";
import { explainLoadError, loadClassifier, type ModelArguments } from "./model-arguments.js";
import { type Output, openOutput } from "./output.js";
import { ProgressBar } from "./progress-bar.js";
import { readTable } from "./table.js";
import { UsageError } from "./usage.js";

export interface TeachArguments extends ModelArguments {
  /** The table of examples. */
  file: string;
  /** What separates its cells; recognised if there is none. */
  delimiter: string | undefined;
  /** The column of the texts. */
  text: string;
  /** The column of the labels. */
  label: string;
  /** The head file to write. */
  output: string;
  /** As in `TeachOptions`. A head that is taught more keeps its own where these are `undefined`. */
  multiLabel: boolean | undefined;
  other: boolean | undefined;
  withExamples: boolean;
}

/** The maximum number of suspect examples that are printed. */
const MAX_SUSPECTS = 10;

/**
 * Teaches a head from a table of examples, or the head that is given more, and writes its file. A row without a text adds a label
 * that is taught by its name.
 *
 * @throws UsageError if a file cannot be read or written; LitmusError of the load and of the teaching
 */
export async function teach(options: TeachArguments): Promise<TeachReport> {
  const { output, multiLabel, other, withExamples } = options;
  const examples = await readExamples(options);
  const classifier = await loadClassifier(options);
  const bar = new ProgressBar();
  let out: Output | undefined;
  try {
    out = await openOutput(output); // before the work, which would be lost
    const onProgress = ({ done, total }: { done: number; total: number }) => bar.update(done, total);
    const taught = await classifier.teach(examples, { multiLabel, other, onProgress }).catch(explainLoadError(options));
    await out.write(taught.export({ examples: withExamples }));
    await out.end();
    return taught.report as TeachReport; // only a head from a file has none
  } finally {
    bar.clear();
    classifier.close();
    await out?.discard();
  }
}

async function readExamples({ file, delimiter, text, label }: TeachArguments): Promise<Map<string, string[]>> {
  const table = await readTable(file, delimiter, [text, label], "--text and --label");
  const examples = new Map<string, string[]>();
  for (const { number, cells } of table.rows) {
    const [example, name] = table.columns.map((column) => cells[column]?.trim()) as [string, string];
    if (!name) throw new UsageError(`${table.name}: row ${number} has no label`);
    const texts = examples.get(name) ?? [];
    if (example) texts.push(example);
    examples.set(name, texts);
  }
  return examples;
}

/** The report as lines of text. */
export function formatTeachReport({ labels, validated, accuracy, suspects, contradictions }: TeachReport): string[] {
  const examples = labels.reduce((sum, label) => sum + label.examples, 0);
  const quoted = (text: string | null) => (text === null ? "(an example of the earlier head)" : JSON.stringify(text));
  const more = suspects.length - MAX_SUSPECTS;
  return [
    `${labels.length} labels, ${examples} examples`,
    ...(accuracy === null
      ? []
      : [`${(100 * accuracy).toFixed(1)} % of ${validated} held-out examples are predicted right`]),
    ...contradictions.map(
      ({ text, labels }) => `contradiction: ${quoted(text)} is an example of ${labels.join(" and ")}`,
    ),
    ...suspects
      .slice(0, MAX_SUSPECTS)
      .map(
        ({ text, label, predicted, score }) =>
          `suspect: ${quoted(text)} is an example of ${label}, but looks like ${predicted} (${score.toFixed(3)})`,
      ),
    ...(more > 0 ? [`and ${more} more suspect examples`] : []),
  ];
}
