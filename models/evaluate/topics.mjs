// How well topics can be taught in each language: the texts written for this project stand in groups, and some groups are
// topics. A head is taught eight examples of each, and predicts the texts of other files.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";

const data = join(root, "models/train/data");
const languages = "written-languages";
/** Languages, with the files of the examples and of the texts that are predicted. */
const FILES = {
  "Arabic": [`${languages}/arabic-later`, `${languages}/arabic`],
  "Chinese": ["written-zh/fifth", "written-zh/reviews"],
  "French": [`${languages}/french-later`, `${languages}/french`],
  "German": [`${languages}/german-later`, `${languages}/german`],
  "Hindi": [`${languages}/hindi-later`, `${languages}/hindi`],
  "Italian": [`${languages}/italian-later`, `${languages}/italian`],
  "Portuguese": [`${languages}/portuguese-later`, `${languages}/portuguese`],
  "Spanish": [`${languages}/spanish-later`, `${languages}/spanish`],
};
/** Groups of which a reader can tell the topic of most texts. */
export const TOPICS = [
  ...["film_tv", "books", "music_live", "games", "clothing", "restaurant"],
  ...["hotel", "air_rail", "hospital", "school", "bank_insurance", "telecom"],
];
export const EXAMPLES = 8;

/** The texts of a file by topic. */
async function byTopic(file) {
  const content = await readFile(join(data, `${file}.tsv`), "utf8");
  const rows = content
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  return TOPICS.map((topic) => [topic, rows.filter(([, group]) => group === topic).map(([, , text]) => text)]);
}

/** Texts from everywhere in a list: neighbours are about the same thing. */
const spread = (texts, count) => Array.from({ length: count }, (_, i) => texts[Math.floor((i * texts.length) / count)]);

/** By language: the number of predicted texts, and the fraction whose topic is right. */
export async function taughtTopics(classifier) {
  const found = {};
  for (const [language, [examples, predicted]] of Object.entries(FILES)) {
    const head = await classifier.teach(
      (await byTopic(examples)).map(([topic, texts]) => [topic, spread(texts, EXAMPLES)]),
    );
    const texts = (await byTopic(predicted)).flatMap(([topic, texts]) => texts.map((text) => ({ topic, text })));
    const labels = await head.predict(texts.map(({ text }) => text));
    const right = texts.filter(({ topic }, i) => labels[i].label === topic).length;
    found[language] = { texts: texts.length, accuracy: right / texts.length };
    head.close();
    console.log(`  topics, ${language}: ${right} of ${texts.length}`);
  }
  return found;
}
