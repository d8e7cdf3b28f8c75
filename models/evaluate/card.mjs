// The model card: card-template.txt with its generated tables, and the same tables for the terminal.
import { UserError } from "../../tools/command.mjs";
import { compared, count, megabytes, milliseconds, percent, SETS, weakestFirst } from "./figures.mjs";

const setRows = (metrics, cells) =>
  Object.entries(SETS).map(([key, { name, about }]) => [`${name}: ${about}`, ...cells(metrics[key], key)]);

function accuracyTable(metrics) {
  const cells = ({ texts, accuracy, macro_f1, opposite, called_neutral, confusion }) => {
    const neutral = called_neutral ?? Object.values(confusion).reduce((sum, predicted) => sum + predicted.neutral, 0);
    const share = (value) => `${percent(value / texts)} (${count(value)})`;
    return [count(texts), percent(accuracy), macro_f1 ? percent(macro_f1) : "", share(opposite), share(neutral)];
  };
  return [["", "texts", "accuracy", "macro-F1", "opposite", "predicted neutral"], ...setRows(metrics, cells)];
}

function robustnessTable({ robustness: { texts, share, worst } }) {
  return [
    ["changed texts", "same label", "variant with the fewest", "same label there"],
    [count(texts), percent(share), worst.variant, percent(worst.share)],
  ];
}

/** `texts`: what the unknown tokens were counted in. */
export function sizeTables({ runtime, tokens, files, download, latency_ms }, texts = "GoEmotions dev") {
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  const unknown = `${percent(tokens.share, 2)} (${count(tokens.unknown)} of ${count(tokens.tokens)})`;
  return [
    [
      ["file", "bytes", "brotli 11"],
      ...Object.entries(files).map(([file, { bytes, brotli }]) => [`\`${file}\``, count(bytes), count(brotli)]),
      ["all", count(bytes), count(download)],
    ],
    [
      ["", ""],
      [`one prediction of ${Object.keys(latency_ms).join(" / ")} tokens, ${runtime.machine}`, milliseconds(latency_ms)],
      [`unknown tokens in ${texts}`, unknown],
    ],
  ];
}

const groupRow = (name, { texts, correct, opposite }) => [
  name,
  count(texts),
  `${count(correct)} (${percent(correct / texts, 0)})`,
  count(opposite),
];

export const groupTable = (groups, all) => [
  ["group", "texts", "right", "opposite"],
  ...weakestFirst(groups).map(([name, counts]) => groupRow(name.replaceAll("_", " "), counts)),
  groupRow("all", all),
];

function calibrationTable(metrics) {
  const points = (value) => `${(100 * value).toFixed(1)}`;
  const cells = ({ texts, calibration_error: error, calibration_error_by_chance: chance }) => [
    ...[count(texts), percent(error), percent(chance)],
    points(Math.max(0, error - chance)),
  ];
  const head = ["", "texts", "expected calibration error", "expected by chance", "difference in points"];
  return [head, ...setRows(metrics, cells)];
}

function thresholdTable(metrics) {
  const sets = Object.keys(SETS).map((key) => metrics[key].risk_coverage);
  const cells = ({ texts, coverage, accuracy }) => [percent(coverage), texts ? percent(accuracy) : ""];
  return [
    ["threshold", ...Object.values(SETS).flatMap(({ name }) => [`${name}: answered`, "right of these"])],
    ...sets[0].map(({ threshold }, i) => [String(threshold), ...sets.flatMap((set) => cells(set[i]))]),
  ];
}

function headTables({ heads }) {
  if (!heads) return ["This model has no other heads that were measured."];
  const { emotion, toxicity, embedding, taught, measured_in } = heads;
  const three = (value) => value.toFixed(3);
  const { toxic, hateful } = toxicity.at_threshold;
  const alarms = ({ false_alarms, recall }) => `${percent(false_alarms)} false alarms, ${percent(recall)} recall`;
  const accuracies = (sets) =>
    Object.values(sets)
      .map((value) => percent(value))
      .join(" / ");
  return [
    `Measured in ${measured_in}:`,
    [
      ["head", "measure", ""],
      ["emotion", "macro-F1 of 28 labels on GoEmotions dev", three(emotion.macro_f1)],
      ["toxic", "AUC on ParaDetox", three(toxicity.auc.toxic_paradetox)],
      ["toxic", "AUC on the written toxicity, dev part", three(toxicity.auc.toxic_written)],
      ["toxic", "the written toxicity, dev part, at the threshold", alarms(toxic)],
      ["hateful", "AUC on ToxiGen", three(toxicity.auc.hateful_toxigen)],
      ["hateful", "AUC on Implicit Hate", three(toxicity.auc.hateful_implicit_hate)],
      ["hateful", "the written toxicity, dev part, at the threshold", alarms(hateful)],
      ["hateful", "HateCheck, balanced accuracy", percent(toxicity.hatecheck_balanced_accuracy)],
      ["embedding", "mean cosine to all-MiniLM-L6-v2", three(embedding.cosine)],
      ["embedding", "rank correlation of the similarities (Spearman)", three(embedding.spearman)],
      ["embedding", "common texts among the nearest ten", percent(embedding.nearest_ten)],
      ["taught on the features", "8 examples a label: BANKING77 / CLINC150 / HWU64", accuracies(taught.features)],
      ["taught on the embedding", "the same", accuracies(taught.embedding)],
    ],
  ];
}

function trainingTable({ training, sst2_dev, goemotions_dev, written_dev, heads }) {
  if (!training) return ["No report of the training was at hand."];
  const hours = ({ steps, hours }) => [count(steps), hours.toFixed(1)];
  const teacher = ([name, run]) => [
    ...[`teacher ${name}, float32`, percent(run.written_dev), percent(run.sst2_dev), percent(run.goemotions_dev)],
    ...[run.emotion_macro_f1.toFixed(3), ...hours(run)],
  ];
  const scores = [written_dev, sst2_dev, goemotions_dev].map(({ accuracy }) => percent(accuracy));
  return [
    [
      ["", ...["written dev", "SST-2 dev", "GoEmotions dev", "emotion, macro-F1", "steps", "hours"]],
      ...Object.entries(training.teachers).map(teacher),
      ["**this model**", ...scores, heads.emotion.macro_f1.toFixed(3), ...hours(training.student)],
    ],
  ];
}

function comparisonTable(metrics) {
  const models = compared(metrics);
  if (models.length === 1) return ["This run compared no other models."];
  const head = ["", ...Object.values(SETS).map(({ name }) => name), "opposite in written dev", "download"];
  const row = (each) => [
    each.shipped ? `**${each.title}**` : each.title,
    ...Object.keys(SETS).map((key) => percent(each[key].accuracy)),
    ...[count(each.written_dev.opposite), megabytes(each.download)],
  ];
  return [[head, ...models.map(row)]];
}

/** Every source of `provenance` with its licence and SHA-256. A file that is used twice has one row. */
export function sourceTable({ provenance }) {
  const { weights, tokenizer, teachers = [], train, vocabulary = [], calibration } = provenance;
  const used = { weights, tokenizer: [tokenizer], teachers, training: train, vocabulary, calibration };
  const rows = new Map();
  for (const [use, sources] of Object.entries(used)) {
    for (const { name, package: one, packages, file, license, sha256 } of sources) {
      const uses = [...(rows.get(sha256)?.uses ?? []), use];
      const from = one ?? packages?.join(" ") ?? file;
      rows.set(sha256, { uses, cells: [name, `\`${from}\``, license, `\`${sha256}\``] });
    }
  }
  return [
    ["used for", "source", "package or file", "licence", "SHA-256"],
    ...[...rows.values()].map(({ uses, cells }) => [uses.join(", "), ...cells]),
  ];
}

/** The content of each section: a list of paragraphs and tables. A table is a list of rows, the header first. */
export const sections = (metrics, litmus) => ({
  accuracy: [accuracyTable(metrics)],
  groups: [groupTable(metrics.written_dev.groups, metrics.written_dev)],
  robustness: [robustnessTable(metrics)],
  calibration: [calibrationTable(metrics), thresholdTable(metrics)],
  heads: headTables(metrics),
  probes: [metrics.probe ? groupTable(metrics.probe.groups, metrics.probe) : "This run did not measure the probes."],
  size: sizeTables(metrics),
  comparison: comparisonTable(metrics),
  training: trainingTable(metrics),
  sources: [sourceTable(litmus)],
});

const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
const markdown = (block) => {
  if (typeof block === "string") return block;
  const [head, ...rows] = block;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
};

/** A table for the terminal, with aligned columns. */
const aligned = (block) => {
  if (typeof block === "string") return block;
  const widths = block[0].map((_, i) => Math.max(...block.map((row) => row[i].length)));
  const rows = block.filter((row) => row.some(Boolean));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i])).join("  ")}`.trimEnd()).join("\n");
};

export function print(bySection) {
  for (const [section, blocks] of Object.entries(bySection)) {
    console.log(`\n${section}\n\n${blocks.map(aligned).join("\n\n")}`);
  }
}

/** The template with a fact in place of each `{{fact}}` and a section in place of each `<!-- section -->`. */
export function filled(template, facts, bySection) {
  const used = new Set();
  const card = template
    .replace(/\{\{(\w+)\}\}/g, (_, name) => {
      if (facts[name] === undefined)
        throw new UserError(`card-template.txt names the fact "${name}", which does not exist`);
      return facts[name];
    })
    .replace(/^<!-- (\w+) -->$/gm, (_, name) => {
      if (!bySection[name]) throw new UserError(`card-template.txt names the section "${name}", which does not exist`);
      used.add(name);
      return bySection[name].map(markdown).join("\n\n");
    });
  const unused = Object.keys(bySection).filter((name) => !used.has(name));
  if (unused.length) throw new UserError(`card-template.txt has no place for the sections ${unused.join(", ")}`);
  return card;
}
