// npm run evaluate: measures a model folder in the runtime that ships. Writes metrics.json, the charts, the model card and
// the metrics in litmus.json. Builds the package first.
//   --data FOLDER     holds sst2/ and goemotions/
//   --model FOLDER    the model, models/english by default
//   --work FOLDER     the work folder of models/train, whose student-report.json has the measures of the other heads
//   --compare FOLDER  another model with the same labels, measured beside this one; may be repeated
//   --probes          the probes as well: once, at the end of all training (see README.md)
// npm run evaluate -- multilingual: the multilingual model: multilingual.mjs.
// npm run evaluate -- heads: measures heads that are taught from a few examples, and prints a table: heads.rs.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../../tools/build.mjs";
import { fail, run, step } from "../../tools/command.mjs";
import { cache, root, targetDir } from "../../tools/paths.mjs";
import { ensureRust } from "../../tools/toolchain.mjs";
import { filled, print, sections } from "./card.mjs";
import { confusionChart, reliabilityChart, sizeAccuracyChart } from "./charts.mjs";
import { LABELS, readCorpora, readProbes } from "./corpora.mjs";
import { rounded, toJson } from "./figures.mjs";
import { groupsChart, thresholdChart } from "./group-charts.mjs";
import { groupCounts, measures, polarMeasures } from "./measures.mjs";
import { evaluateMultilingual } from "./multilingual.mjs";
import { readReport } from "./report.mjs";
import { changedTexts, readEndings, sameLabel } from "./robustness.mjs";
import { describeRuntime, fileSizes, latencies, openModel, scored, unknownTokens } from "./runtime.mjs";
import { refitted } from "./temperature.mjs";

const readJson = async (path) => JSON.parse(await readFile(path, "utf8"));

const pick = (object, keys) => Object.fromEntries(keys.map((key) => [key, object[key]]));
const COUNTED = ["texts", "correct", "accuracy"];
/** What the comparison shows of a set. */
const summary = (set) => pick(set, [...COUNTED, "opposite"]);

/** The measures of one set with sentiment labels in the runtime, and the rows with the shipped scores. */
async function sentiment(model, { films, comments, written }) {
  const labelled = comments.filter(({ label }) => label);
  const shipped = {
    sst2_dev: { rows: await scored(model, "SST-2 dev", films), polar: true },
    goemotions_dev: { rows: await scored(model, "GoEmotions dev", labelled), polar: false },
    written_dev: { rows: await scored(model, "written dev", written), polar: false },
  };
  const { temperatures, sets } = refitted(model.litmus.temperature, Object.values(shipped));
  const [sst2, goemotions, ours] = sets;
  const figures = {
    temperatures,
    sst2_dev: polarMeasures(LABELS, sst2),
    goemotions_dev: measures(LABELS, goemotions),
    written_dev: { ...measures(LABELS, ours), groups: groupCounts(ours).groups },
  };
  return { figures, shipped };
}

async function measure(model, corpora, probes) {
  const measured = async () => {
    const { figures, shipped } = await sentiment(model, corpora);
    const changed = changedTexts(await readEndings(), [...shipped.sst2_dev.rows, ...shipped.written_dev.rows]);
    const robustness = sameLabel(await scored(model, "changed texts", changed));
    const probe = probes && groupCounts(await scored(model, "probes", probes));
    return { ...figures, robustness, tokens: await unknownTokens(model, corpora.comments), probe };
  };
  // Compression runs in other threads meanwhile.
  const [files, figures] = await Promise.all([fileSizes(model), measured()]);
  const download = Object.values(files).reduce((sum, { brotli }) => sum + brotli, 0);
  return { ...figures, files, download };
}

/** The measures of another model that the comparison shows. */
async function measureOther(model, corpora) {
  const [files, { figures }] = await Promise.all([fileSizes(model), sentiment(model, corpora)]);
  const download = Object.values(files).reduce((sum, { brotli }) => sum + brotli, 0);
  const sets = ["sst2_dev", "goemotions_dev", "written_dev"].map((set) => [set, summary(figures[set])]);
  return { sha256: model.litmus.files["model.onnx"].sha256, ...Object.fromEntries(sets), download };
}

/** Parts of metrics.json that not every run measures. */
const OPTIONAL = ["heads", "training", "others", "probe"];

/** The optional parts of the metrics.json of an earlier run, if it measured the same model.onnx. */
async function earlier(path, sha256) {
  if (!existsSync(path)) return {};
  const metrics = await readJson(path);
  return metrics.model.sha256 === sha256 ? pick(metrics, OPTIONAL) : {};
}

async function evaluate({ data, work, model: folder, compare, withProbes }) {
  const file = (name) => join(folder, name);
  await build();
  const runtime = await describeRuntime();
  const template = await readFile(new URL("card-template.txt", import.meta.url), "utf8");
  const corpora = await readCorpora(data);
  const probes = withProbes ? await readProbes() : undefined;

  const model = await openModel("this model", folder);
  const figures = await step(folder, () => measure(model, corpora, probes));
  const others = {};
  for (const path of compare) {
    const other = await openModel(path, path);
    const title = `${other.litmus.name} ${other.litmus.version}`;
    others[title] = await step(path, () => measureOther(other, corpora));
  }
  const [latency_ms] = await step("latency", () => latencies([model]));

  const { sha256 } = model.litmus.files["model.onnx"];
  const measured = rounded({
    model: { ...pick(model.litmus, ["name", "version", "temperature"]), sha256 },
    runtime,
    ...figures,
    latency_ms,
    ...(await readReport(work, sha256)),
    others: compare.length ? others : undefined,
  });
  const metrics = { ...(await earlier(file("metrics.json"), sha256)), ...measured };

  const tables = sections(metrics, model.litmus);
  const config = await readJson(file("config.json"));
  const facts = {
    ...pick(model.litmus, ["name", "version", "license"]),
    runtime: `${runtime.name} ${runtime.version} under Node ${runtime.node}`,
    layers: config.num_hidden_layers,
    hidden: config.hidden_size,
    vocabulary: config.vocab_size.toLocaleString("en-US"),
    positions: config.max_position_embeddings,
    heads: Object.keys(model.litmus.files)
      .filter((name) => name.startsWith("heads/"))
      .map((name) => `\`${name}\``)
      .join(", "),
  };
  const short = {
    sst2_dev: pick(metrics.sst2_dev, [...COUNTED, "calibration_error"]),
    goemotions_dev: pick(metrics.goemotions_dev, [...COUNTED, "macro_f1", "calibration_error"]),
    written_dev: pick(metrics.written_dev, [...COUNTED, "macro_f1", "calibration_error"]),
  };
  const card = filled(template, facts, tables);
  await writeFile(file("metrics.json"), toJson(metrics));
  await writeFile(file("litmus.json"), toJson({ ...model.litmus, metrics: short }));
  await writeFile(file("size-accuracy.svg"), sizeAccuracyChart(metrics));
  await writeFile(file("confusion.svg"), confusionChart(metrics));
  await writeFile(file("reliability.svg"), reliabilityChart(metrics));
  await writeFile(file("groups.svg"), groupsChart(metrics));
  await writeFile(file("thresholds.svg"), thresholdChart(metrics));
  await writeFile(file("README.md"), card);
  print(tables);
}

/** Measures taught heads by the crate, which computes the same bits as the package. */
async function evaluateHeads(args) {
  await ensureRust({ wasm: false });
  const cargo = ["run", "--release", "--quiet", "--features", "cli", "--example", "evaluate-heads", "--"];
  const data = args.some((arg) => arg.split("=")[0] === "--data") ? [] : ["--data", join(root, "../shared/data")];
  await run("cargo", [...cargo, ...data, ...args], { env: { ...process.env, CARGO_TARGET_DIR: targetDir } });
}

async function main() {
  if (process.argv[2] === "heads") return evaluateHeads(process.argv.slice(3));
  if (process.argv[2] === "multilingual") return evaluateMultilingual(process.argv.slice(3));
  const { values } = parseArgs({
    options: {
      data: { type: "string", default: join(root, "../shared/data") },
      work: { type: "string", default: join(cache, "train/work") },
      model: { type: "string", default: join(root, "models/english") },
      compare: { type: "string", multiple: true, default: [] },
      probes: { type: "boolean", default: false },
    },
  });
  const [data, work, model] = [values.data, values.work, values.model].map((path) => resolve(path));
  const compare = values.compare.map((path) => resolve(path));
  await evaluate({ data, work, model, compare, withProbes: values.probes });
}

await main().catch(fail);
