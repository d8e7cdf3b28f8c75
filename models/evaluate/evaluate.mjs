// npm run evaluate: measures models/english, and the candidates exported by models/train, in the runtime that ships.
// Writes metrics.json, the charts, the tables of the model card and the metrics in litmus.json. Needs `npm run build`.
//   --data FOLDER   holds sst2/ and goemotions/
//   --work FOLDER   the work folder of models/train
//   --model FOLDER  another model than models/english
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { fail, step, UserError } from "../../tools/command.mjs";
import { cache, root } from "../../tools/paths.mjs";
import { checkMarkers, print, rewritten, sections } from "./card.mjs";
import { confusionChart, reliabilityChart, sizeAccuracyChart } from "./charts.mjs";
import { LABELS, readCorpora, readProbes } from "./corpora.mjs";
import { measures, polarMeasures, probeMeasures } from "./measures.mjs";
import { describeRuntime, fileSizes, latencies, openModel, scored, unknownTokens } from "./runtime.mjs";
import { refitted } from "./temperature.mjs";

const readJson = async (path) => JSON.parse(await readFile(path, "utf8"));
const toJson = (value) => `${JSON.stringify(value, null, 2)}\n`;
/** Rounds to four decimals. */
const rounded = (value) =>
  JSON.parse(JSON.stringify(value, (_, each) => (typeof each === "number" ? Math.round(each * 1e4) / 1e4 : each)));

const pick = (object, keys) => Object.fromEntries(keys.map((key) => [key, object[key]]));
const COUNTED = ["texts", "correct", "accuracy"];
/** The measures of a set without its tables, for the comparison of models. */
const summary = ({ halves, reliability, risk_coverage, ...figures }) => figures;

/** The identity of a model: two folders with the same files and temperature are measured once. */
const identity = ({ litmus: { files, temperature } }) => JSON.stringify([files, temperature]);
const sha256Of = ({ litmus }) => litmus.files["model.onnx"].sha256;

async function measure(model, { films, comments }, probes) {
  const measured = async () => {
    const shipped = [
      await scored(model, "SST-2 dev", films),
      await scored(
        model,
        "GoEmotions dev",
        comments.filter(({ label }) => label),
      ),
    ];
    const found = refitted(model.litmus.temperature, ...shipped);
    return {
      temperatures: found.temperatures,
      sst2_dev: polarMeasures(LABELS, found.films),
      goemotions_dev: measures(LABELS, found.comments),
      tokens: await unknownTokens(model, comments),
      probe: probeMeasures(await scored(model, "probes", probes)),
    };
  };
  // Compression runs in other threads meanwhile.
  const [files, { probe, ...figures }] = await Promise.all([fileSizes(model), measured()]);
  const download = Object.values(files).reduce((sum, { brotli }) => sum + brotli, 0);
  return { sha256: sha256Of(model), ...figures, files, download, probe };
}

/** Loads the candidates in WORK/models/6x4 and so on, if there are any. */
async function openCandidates(work) {
  const folder = join(work, "models");
  const names = existsSync(folder) ? (await readdir(folder)).filter((name) => /^\d+x\d+$/.test(name)).sort() : [];
  const models = [];
  for (const name of names) models.push(await openModel(name, join(folder, name)));
  return models;
}

/**
 * The teacher's measures, as reported by the training pipeline, because it never ships. Without the calibration error,
 * which was measured on the texts that its temperature was fitted to.
 */
async function readTeacher(work) {
  const path = join(work, "candidates.json");
  if (!existsSync(path)) throw new UserError(`no ${path}: run \`models/train/run.sh evaluate\` first`);
  const { sst2_dev, goemotions_dev, unknown_share } = (await readJson(path)).teacher;
  return {
    measured_in: "float32 in torch",
    sst2_dev: pick(sst2_dev, COUNTED),
    goemotions_dev: pick(goemotions_dev, [...COUNTED, "macro_f1"]),
    unknown_share,
  };
}

/** The measures of the candidates from an earlier run, if that was about the same model. */
async function earlierCandidates(path, sha256) {
  const earlier = existsSync(path) ? await readJson(path) : {};
  if (!earlier.candidates || earlier.model.sha256 === sha256) return earlier.candidates;
  console.warn(`! ${path} compares candidates with another model (${earlier.model.sha256}): they are left out`);
}

async function evaluate({ data, work, model: folder }) {
  const file = (name) => join(folder, name);
  const runtime = await describeRuntime();
  if (!existsSync(file("README.md"))) throw new UserError(`no ${file("README.md")}, the model card`);
  const card = await readFile(file("README.md"), "utf8");
  checkMarkers(card);
  const corpora = await readCorpora(data);
  const probes = await readProbes();

  const final = await openModel("final", folder);
  const candidates = await openCandidates(work);
  const teacher = candidates.length ? await readTeacher(work) : undefined;
  const distinct = [...new Map([final, ...candidates].map((model) => [identity(model), model])).values()];

  const found = new Map();
  for (const model of distinct) {
    found.set(identity(model), await step(model.folder, () => measure(model, corpora, probes)));
  }
  const times = await step("latency", () => latencies(distinct));
  for (const [i, model] of distinct.entries()) found.get(identity(model)).latency_ms = times[i];

  const { sha256, ...figures } = found.get(identity(final));
  const comparison = candidates.map((model) => {
    const { sst2_dev, goemotions_dev, probe, ...figures } = found.get(identity(model));
    const sets = { sst2_dev: summary(sst2_dev), goemotions_dev: summary(goemotions_dev) };
    return [model.name, { ...figures, ...sets, probe: pick(probe, ["texts", "correct", "opposite"]) }];
  });
  const metrics = rounded({
    model: { ...pick(final.litmus, ["name", "version", "temperature"]), sha256 },
    runtime,
    ...figures,
    candidates: candidates.length
      ? { teacher, ...Object.fromEntries(comparison) }
      : await earlierCandidates(file("metrics.json"), sha256),
  });

  const tables = sections(metrics);
  const short = {
    sst2_dev: pick(metrics.sst2_dev, [...COUNTED, "calibration_error"]),
    goemotions_dev: pick(metrics.goemotions_dev, [...COUNTED, "macro_f1", "calibration_error"]),
  };
  await writeFile(file("metrics.json"), toJson(metrics));
  await writeFile(file("litmus.json"), toJson({ ...final.litmus, metrics: short }));
  await writeFile(file("size-accuracy.svg"), sizeAccuracyChart(metrics));
  await writeFile(file("confusion.svg"), confusionChart(metrics));
  await writeFile(file("reliability.svg"), reliabilityChart(metrics));
  await writeFile(file("README.md"), rewritten(card, tables));
  print(tables);
}

try {
  const { values } = parseArgs({
    options: {
      data: { type: "string", default: join(root, "../shared/data") },
      work: { type: "string", default: join(cache, "train/work") },
      model: { type: "string", default: join(root, "models/english") },
    },
  });
  await evaluate(Object.fromEntries(Object.entries(values).map(([name, path]) => [name, resolve(path)])));
} catch (error) {
  fail(error);
}
