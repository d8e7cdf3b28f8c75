// How well topics can be taught in each language: the texts written for this project stand in groups, and some groups are
// topics. A head is taught eight examples of each, and predicts held-out texts, which the encoder has not learned from.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";

const data = join(root, "models/train/data");
/** Languages, with the file of the examples and the set of the predicted texts in held-out.json. */
const SOURCES = {
  "Arabic": ["written-languages/arabic-later", "written-arabic"],
  "Chinese": ["written-zh/fifth", "written-zh"],
  "French": ["written-languages/french-later", "written-french"],
  "German": ["written-languages/german-later", "written-german"],
  "Hindi": ["written-languages/hindi-later", "written-hindi"],
  "Italian": ["written-languages/italian-later", "written-italian"],
  "Portuguese": ["written-languages/portuguese-later", "written-portuguese"],
  "Spanish": ["written-languages/spanish-later", "written-spanish"],
};
/** Groups of which a reader can tell the topic of most texts. */
export const TOPICS = [
  ...["film_tv", "books", "music_live", "games", "clothing", "restaurant"],
  ...["hotel", "air_rail", "hospital", "school", "bank_insurance", "telecom"],
];
export const EXAMPLES = 8;

/** The rows of a file, [label, group, text]. */
async function readRows(file) {
  const content = await readFile(join(data, `${file}.tsv`), "utf8");
  return content
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
}

/** [topic, its texts] of every topic. */
const byTopic = (rows) =>
  TOPICS.map((topic) => [topic, rows.filter(([, group]) => group === topic).map(([, , text]) => text)]);

/** Texts from everywhere in a list: neighbours are about the same thing. */
const spread = (texts, count) => Array.from({ length: count }, (_, i) => texts[Math.floor((i * texts.length) / count)]);

/** By language: the number of predicted texts, and of those whose topic is right. `heldOut`: rows by set. */
export async function taughtTopics(classifier, heldOut) {
  const found = {};
  for (const [language, [examples, set]] of Object.entries(SOURCES)) {
    const head = await classifier.teach(
      byTopic(await readRows(examples)).map(([topic, texts]) => [topic, spread(texts, EXAMPLES)]),
    );
    const texts = byTopic(heldOut[set]).flatMap(([topic, texts]) => texts.map((text) => ({ topic, text })));
    const labels = await head.predict(texts.map(({ text }) => text));
    const right = texts.filter(({ topic }, i) => labels[i].label === topic).length;
    found[language] = { texts: texts.length, right };
    head.close();
    console.log(`  topics, ${language}: ${right} of ${texts.length}`);
  }
  return found;
}
