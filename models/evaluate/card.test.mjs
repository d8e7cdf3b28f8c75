// node --test models/evaluate
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { filled, sections } from "./card.mjs";
import { confusionChart, reliabilityChart, sizeAccuracyChart } from "./charts.mjs";
import { LABELS } from "./corpora.mjs";
import { groupsChart, thresholdChart } from "./group-charts.mjs";
import { groupCounts, measures, polarMeasures } from "./measures.mjs";
import { headFigures } from "./report.mjs";
import { sameLabel } from "./robustness.mjs";

const row = (group, label, negative, neutral, positive) => ({ group, label, scores: { negative, neutral, positive } });
const rows = [
  row("facts", "neutral", 0.1, 0.8, 0.1),
  row("facts", "positive", 0.7, 0.2, 0.1),
  row("sincere_twin", "negative", 0.6, 0.3, 0.1),
  row("sincere_twin", "positive", 0.1, 0.5, 0.4),
];
const polar = rows.filter(({ label }) => label !== "neutral");

const report = {
  emotion_macro_f1: 0.4321,
  toxic_auc_paradetox: 0.987,
  toxic_auc_written: 0.8,
  hateful_auc_toxigen: 0.81,
  "hateful_auc_implicit-hate": 0.82,
  hateful_auc_written: 0.83,
  hatecheck_auc: 0.84,
  hatecheck_balanced: 0.66,
  alarms: { toxic: [0.05, 0.77], hateful: [0.06, 0.5] },
  embedding_cosine: 0.9,
  embedding_spearman: 0.88,
  embedding_overlap: 0.6,
};
for (const read of ["features", "embedding"]) {
  for (const set of ["banking77", "clinc", "hwu64"]) report[`taught_${read}_${set}`] = 0.8;
}

const figures = {
  sst2_dev: polarMeasures(LABELS, polar),
  goemotions_dev: measures(LABELS, rows),
  written_dev: { ...measures(LABELS, rows), groups: groupCounts(rows).groups },
  download: 9e6,
};
const metrics = {
  ...figures,
  model: { name: "litmus-text/english", version: "3.0.0", temperature: 1.2, sha256: "0" },
  runtime: { machine: "a machine" },
  robustness: sameLabel(rows.map((each) => ({ ...each, variant: "!" }))),
  tokens: { texts: 4, tokens: 20, unknown: 1, share: 0.05 },
  probe: groupCounts(rows),
  files: { "model.onnx": { bytes: 10, brotli: 9 } },
  latency_ms: { 16: 1, 32: 2, 128: 3 },
  heads: headFigures(report),
  training: {
    teachers: {
      minilm: { steps: 10, hours: 1, written_dev: 0.7, sst2_dev: 0.8, goemotions_dev: 0.7, emotion_macro_f1: 0.4 },
    },
    student: { steps: 20, hours: 2 },
  },
  others: { "litmus-text/english 2.1.0": { ...figures, download: 8e6 } },
};
const source = { name: "a source", file: "a.tsv", sha256: "abc", license: "CC0" };
const litmus = {
  provenance: {
    weights: [{ ...source, package: "p==1" }],
    tokenizer: { ...source, sha256: "def" },
    train: [{ ...source, sha256: "012" }],
    vocabulary: [{ ...source, name: "words", sha256: "345" }],
    calibration: [{ ...source, sha256: "012" }],
  },
};
const facts = {
  name: "n",
  version: "3",
  license: "MIT",
  runtime: "r",
  layers: 6,
  hidden: 8,
  vocabulary: "9",
  positions: 5,
};

const template = await readFile(new URL("card-template.txt", import.meta.url), "utf8");

test("the card is filled completely", () => {
  const card = filled(template, { ...facts, heads: "`heads/a.head`" }, sections(metrics, litmus));
  assert.doesNotMatch(card, /\{\{|^<!--|undefined|NaN/m);
  assert.match(
    card,
    /\| written dev: everyday texts written for this project \| 4 \| 50\.0 % \| .* \| 25\.0 % \(1\) \|/,
  );
  assert.match(card, /\| sincere twin \| 2 \| 1 \(50 %\) \| 0 \|/);
  assert.match(card, /\| emotion \| macro-F1 of 28 labels on GoEmotions dev \| 0\.432 \|/);
  assert.match(card, /\| teacher minilm, float32 \| 70\.0 %/);
  assert.match(card, /\| vocabulary \| words \| `a\.tsv` \| CC0 \| `345` \|/);
  assert.match(card, /\| training, calibration \| a source \| `a\.tsv` \| CC0 \| `012` \|/);
});

test("a model without report, probes and comparison has a card, too", () => {
  const { heads, training, probe, ...alone } = metrics;
  const card = filled(template, { ...facts, heads: "" }, sections({ ...alone, others: {} }, litmus));
  assert.match(card, /no other heads that were measured/);
  assert.match(card, /did not measure the probes/);
});

test("a section or fact that is missing on either side is an error", () => {
  const all = sections(metrics, litmus);
  assert.throws(() => filled(template, facts, all), /the fact "heads"/);
  assert.throws(() => filled("<!-- nonsense -->", {}, all), /the section "nonsense"/);
  assert.throws(() => filled("<!-- accuracy -->", {}, all), /no place for the sections groups/);
});

test("every chart is well-formed and has finite coordinates", () => {
  for (const chart of [confusionChart, groupsChart, reliabilityChart, sizeAccuracyChart, thresholdChart]) {
    const svg = chart(metrics);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/, chart.name);
    assert.equal(svg.match(/<text/g).length, svg.match(/<\/text>/g).length);
  }
});
