// The generated tables of the model card, between marker comments, and the same tables for the terminal.
import { UserError } from "../../tools/command.mjs";
import { compared, count, errors, megabytes, milliseconds, percent } from "./figures.mjs";

const opening = (section) => `<!-- ${section}: written by models/evaluate -->`;
const closing = (section) => `<!-- end of ${section} -->`;

const SECTIONS = ["metrics", "calibration", "candidates", "probe", "failures"];

const accuracyCells = ({ texts, accuracy, correct }, macroF1) => {
  return [count(texts), `${percent(accuracy)} (${count(correct)} right)`, macroF1];
};

const unknown = ({ share, unknown, tokens }) => `${percent(share, 2)} (${count(unknown)} of ${count(tokens)})`;
const neutralFilms = ({ called_neutral, texts }) => `${percent(called_neutral / texts)} (${count(called_neutral)})`;

function metricsSection({ runtime, sst2_dev, goemotions_dev, tokens, files, download, latency_ms }) {
  const { negative, neutral, positive } = goemotions_dev.f1;
  const f1 = [negative, neutral, positive].map((value) => percent(value)).join(" / ");
  return [
    `By \`npm run evaluate\` in the runtime that ships, ${runtime.name} ${runtime.version} under Node ${runtime.node}:`,
    [
      ["", "texts", "accuracy", "macro-F1"],
      ["SST-2 dev, negative or positive", ...accuracyCells(sst2_dev, "")],
      ["GoEmotions dev, three labels", ...accuracyCells(goemotions_dev, percent(goemotions_dev.macro_f1))],
    ],
    [
      ["", ""],
      ["texts of SST-2 dev called neutral", neutralFilms(sst2_dev)],
      ["F1 on GoEmotions dev, negative / neutral / positive", f1],
      ["unknown tokens in GoEmotions dev", unknown(tokens)],
      [`one prediction of ${Object.keys(latency_ms).join(" / ")} tokens, ${runtime.machine}`, milliseconds(latency_ms)],
    ],
    [
      ["file", "bytes", "brotli 11"],
      ...Object.entries(files).map(([file, { bytes, brotli }]) => [`\`${file}\``, count(bytes), count(brotli)]),
      ["all", count(Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0)), count(download)],
    ],
  ];
}

const errorCells = ({ texts, calibration_error, calibration_error_by_chance }) => {
  return [count(texts), percent(calibration_error), percent(calibration_error_by_chance)];
};

function calibrationSection({ sst2_dev, goemotions_dev }) {
  const cells = ({ texts, coverage, accuracy }) => [percent(coverage), texts ? percent(accuracy) : ""];
  const rows = sst2_dev.risk_coverage.map((films, i) => {
    return [String(films.threshold), ...cells(films), ...cells(goemotions_dev.risk_coverage[i])];
  });
  return [
    [
      ["", "texts", "expected calibration error", "by chance alone"],
      ["SST-2 dev, negative or positive", ...errorCells(sst2_dev)],
      ["GoEmotions dev, three labels", ...errorCells(goemotions_dev)],
    ],
    [["threshold", "SST-2 dev: answered", "right of these", "GoEmotions dev: answered", "right of these"], ...rows],
  ];
}

function candidatesSection(metrics) {
  const { models, teacher } = compared(metrics);
  const tokens = Object.keys(metrics.latency_ms).join(" / ");
  const head = [
    ...["", "SST-2 dev", "called neutral", "GoEmotions dev", "macro-F1"],
    ...["calibration error, SST-2 / GoEmotions", "unknown tokens", "download", `${tokens} tokens`, "probes"],
  ];
  const emotions = ({ goemotions_dev: { accuracy, macro_f1 } }) => [percent(accuracy), percent(macro_f1)];
  const rows = models.map((each) => [
    each.shipped ? `**${each.title}**, shipped` : each.title,
    percent(each.sst2_dev.accuracy),
    neutralFilms(each.sst2_dev),
    ...emotions(each),
    errors(each),
    percent(each.tokens.share, 2),
    megabytes(each.download),
    milliseconds(each.latency_ms),
    `${each.probe.correct} of ${each.probe.texts}`,
  ]);
  if (teacher) {
    const [sst2, unknown] = [percent(teacher.sst2_dev.accuracy), percent(teacher.unknown_share, 2)];
    rows.push([`teacher, ${teacher.measured_in}`, sst2, "", ...emotions(teacher), "", unknown, "", "", ""]);
  }
  return [[head, ...rows]];
}

function probeSection({ probe }) {
  const row = (name, { texts, correct, opposite }) => [name, String(texts), String(correct), String(opposite)];
  const groups = Object.entries(probe.groups);
  return [
    [
      ["group", "texts", "right", "the opposite"],
      ...groups.map(([group, counts]) => row(counts.hard ? `${group} (hard)` : group, counts)),
      row("all", probe),
    ],
  ];
}

function failuresSection({ probe }) {
  const head = ["group", "text", "a person says", "the model says"];
  const row = ({ group, text, label, answer, score }) => [group, text, label, `${answer} ${score.toFixed(2)}`];
  return [[head, ...probe.failures.map(row)]];
}

/** The content of each section: a list of paragraphs and tables. A table is a list of rows, the header first. */
export const sections = (metrics) => ({
  metrics: metricsSection(metrics),
  calibration: calibrationSection(metrics),
  candidates: candidatesSection(metrics),
  probe: probeSection(metrics),
  failures: failuresSection(metrics),
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

/** The start and end offset of a section's content in the card. */
function place(card, section) {
  const [start, end] = [opening(section), closing(section)].map((marker) => {
    const index = card.indexOf(marker);
    if (index < 0) throw new UserError(`the model card has no line ${marker}`);
    return index;
  });
  if (end < start) throw new UserError(`in the model card, ${closing(section)} comes before ${opening(section)}`);
  return [start + opening(section).length, end];
}

/** Throws if a marker is missing. Called before the measurement, which takes minutes. */
export function checkMarkers(card) {
  for (const section of SECTIONS) place(card, section);
}

/** The card with the new content of its sections. */
export function rewritten(card, bySection) {
  for (const section of SECTIONS) {
    const [start, end] = place(card, section);
    card = `${card.slice(0, start)}\n${bySection[section].map(markdown).join("\n\n")}\n${card.slice(end)}`;
  }
  return card;
}
