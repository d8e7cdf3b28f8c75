// npm run evaluate -- multilingual: measures models/multilingual in the runtime that ships, on the held-out texts that the
// stage `evaluate` of models/train has written. Writes metrics.json, the model card and the metrics in litmus.json.
//   --work FOLDER   the work folder of models/train for this model
//   --model FOLDER  the model, models/multilingual by default
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../../tools/build.mjs";
import { UserError } from "../../tools/command.mjs";
import { cache, root } from "../../tools/paths.mjs";
import { filled, groupTable, print, sizeTables, sourceTable } from "./card.mjs";
import { LABELS } from "./corpora.mjs";
import { count, percent, rounded, toJson } from "./figures.mjs";
import { groupCounts, measures, polarMeasures } from "./measures.mjs";
import { describeRuntime, fileSizes, latencies, openModel, scored, unknownTokens } from "./runtime.mjs";
import { EXAMPLES, TOPICS, taughtTopics } from "./topics.mjs";

/** The sets, by their key in held-out.json. `polar`: it has no neutral texts, and the higher polar score decides. */
const SETS = {
  "written-zh": { about: "everyday Chinese texts written for this project" },
  "written-zh-hant": { about: "the same in traditional characters, converted by OpenCC" },
  "chnsenticorp": { about: "hotel reviews (ChnSentiCorp)", polar: true },
  "waimai": { about: "reviews of food delivery", polar: true },
  "shopping": { about: "reviews of ten kinds of goods", polar: true },
  "eprstmt": { about: "reviews of goods (EPRSTMT)", polar: true },
  "stars": { about: "Amazon reviews with 1, 3 or 5 stars" },
  "weibo": { about: "Weibo posts by emotion (SMP2020)" },
  "written": { about: "everyday English texts written for this project" },
  "sst2": { about: "sentences of film reviews in English (SST-2 dev)", polar: true },
  "goemotions": { about: "comments from Reddit in English (GoEmotions dev)" },
};
const UMSAB = /^umsab-(.*)$/;
/** Languages, with their sets of everyday texts and of tweets. UMSAB's tweets in Hindi are in Latin letters. */
const LANGUAGES = {
  "Arabic": ["written-arabic", "umsab-arabic"],
  "English": ["written", "umsab-english"],
  "French": ["written-french", "umsab-french"],
  "German": ["written-german", "umsab-german"],
  "Hindi": ["written-hindi"],
  "Hindi in Latin letters": ["written-hindi-latin", "umsab-hindi"],
  "Italian": ["written-italian", "umsab-italian"],
  "Portuguese": ["written-portuguese", "umsab-portuguese"],
  "Spanish": ["written-spanish", "umsab-spanish"],
};

/** The mean over the labels of the fraction of a label's texts that get this label. */
const averageRecall = (confusion) => {
  const recalls = Object.entries(confusion).map(
    ([label, predicted]) => predicted[label] / Object.values(predicted).reduce((sum, texts) => sum + texts, 0),
  );
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
};

async function measureSets(model, heldOut) {
  const figures = {};
  for (const [name, rows] of Object.entries(heldOut)) {
    const texts = rows.map(([label, group, text]) => ({ label, group, text }));
    const measured = await scored(model, name, texts);
    const of = SETS[name]?.polar ? polarMeasures(LABELS, measured) : measures(LABELS, measured);
    const average_recall = UMSAB.test(name) ? averageRecall(of.confusion) : undefined;
    const groups = name === "written-zh" ? groupCounts(measured).groups : undefined;
    figures[name] = { ...of, average_recall, groups };
  }
  return figures;
}

const opposite = ({ opposite, texts }) => `${percent(opposite / texts)} (${count(opposite)})`;

function setTable(sets) {
  const row = ([name, { about, polar }]) => {
    const set = sets[name];
    return [about, polar ? "2" : "3", count(set.texts), percent(set.accuracy), opposite(set)];
  };
  return [["", "labels", "texts", "accuracy", "opposite"], ...Object.entries(SETS).map(row)];
}

function languageTable(sets) {
  const mean = (found) => percent(found.reduce((sum, value) => sum + value, 0) / found.length);
  const rows = Object.entries(LANGUAGES).map(([language, names]) => [language, ...names.map((name) => sets[name])]);
  const row = ([language, ours, tweets]) => [
    ...[language, count(ours.texts), percent(ours.accuracy), opposite(ours)],
    ...(tweets
      ? [count(tweets.texts), percent(tweets.accuracy), opposite(tweets), percent(tweets.average_recall)]
      : ["", "", "", ""]),
  ];
  const everydayMean = mean(rows.map(([, ours]) => ours.accuracy));
  const recallMean = mean(rows.flatMap(([, , tweets]) => tweets?.average_recall ?? []));
  return [
    ["", "everyday texts", "accuracy", "opposite", "tweets", "accuracy", "opposite", "average recall"],
    ...rows.map(row),
    ["mean", "", everydayMean, "", "", "", "", recallMean],
  ];
}

function topicTable(topics) {
  const total = (key) => Object.values(topics).reduce((sum, each) => sum + each[key], 0);
  const all = { texts: total("texts"), right: total("right") };
  const row = ([language, { texts, right }]) => [language, count(texts), count(right), percent(right / texts)];
  return [["", "texts", "right", "accuracy"], ...Object.entries({ ...topics, all }).map(row)];
}

export async function evaluateMultilingual(args) {
  const { values } = parseArgs({
    args,
    options: {
      work: { type: "string", default: join(cache, "train/multilingual") },
      model: { type: "string", default: join(root, "models/multilingual") },
    },
  });
  const folder = resolve(values.model);
  const path = join(values.work, "held-out.json");
  const heldOut = await readFile(path, "utf8").then(JSON.parse, () => {
    throw new UserError(`${path} is missing: run \`models/train/run.sh evaluate --model multilingual\` first`);
  });
  await build();
  const runtime = await describeRuntime();
  const model = await openModel("this model", folder);
  const [files, sets] = await Promise.all([fileSizes(model), measureSets(model, heldOut)]);
  const download = Object.values(files).reduce((sum, { brotli }) => sum + brotli, 0);
  const tokens = await unknownTokens(
    model,
    Object.values(heldOut).flatMap((rows) => rows.map(([, , text]) => ({ text }))),
  );
  const topics = await taughtTopics(model.classifier, heldOut);
  const [latency_ms] = await latencies([model]);
  const { name, version, license, temperature, files: listed } = model.litmus;
  const metrics = rounded({
    model: { name, version, temperature, sha256: listed["model.onnx"].sha256 },
    ...{ runtime, sets, topics, tokens, files, download, latency_ms },
  });
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const facts = {
    ...{ name, version, license },
    runtime: `${runtime.name} ${runtime.version} under Node ${runtime.node}`,
    layers: config.num_hidden_layers,
    hidden: config.hidden_size,
    vocabulary: count(config.vocab_size),
    positions: config.max_position_embeddings,
    topics: TOPICS.length,
    examples: EXAMPLES,
  };
  const tables = {
    accuracy: [setTable(metrics.sets)],
    languages: [languageTable(metrics.sets)],
    topics: [topicTable(metrics.topics)],
    groups: [groupTable(metrics.sets["written-zh"].groups, metrics.sets["written-zh"])],
    size: sizeTables(metrics, "all held-out texts"),
    sources: [sourceTable(model.litmus)],
  };
  const template = await readFile(new URL("card-multilingual.txt", import.meta.url), "utf8");
  const short = Object.fromEntries(
    Object.entries(metrics.sets).map(([name, { texts, accuracy, average_recall }]) => [
      name,
      { texts, accuracy, average_recall },
    ]),
  );
  await writeFile(join(folder, "metrics.json"), toJson(metrics));
  await writeFile(join(folder, "litmus.json"), toJson({ ...model.litmus, metrics: short }));
  await writeFile(join(folder, "README.md"), filled(template, facts, tables));
  print(tables);
}
