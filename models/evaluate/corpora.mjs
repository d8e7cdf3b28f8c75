// The dev sets and the probes. SHA-256 sums and the mapping of emotions to labels are read from models/train/sources.py,
// so that training and evaluation use the same.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../tools/command.mjs";
import { root } from "../../tools/paths.mjs";

export const LABELS = ["negative", "neutral", "positive"];

/** The content of a file. Throws if it is missing or its SHA-256 differs. */
export async function checked(path, expected) {
  const content = await readFile(path).catch((error) => {
    if (error.code !== "ENOENT") throw error;
    throw new UserError(`${path}: not found (expected SHA-256 ${expected})`);
  });
  expectSha256(path, content, expected);
  return content;
}

function expectSha256(path, content, expected) {
  const actual = createHash("sha256").update(content).digest("hex");
  if (actual !== expected) throw new UserError(`${path}: SHA-256 is ${actual}, expected ${expected}`);
}

/** The label of each emotion, by the groups in sources.py. Emotions without a group are ambiguous. */
function groupsIn(sources) {
  const groups = [...sources.matchAll(/^ {4}([A-Z]+): "([a-z ]+)",$/gm)];
  const found = groups.map(([, group]) => group.toLowerCase());
  if (found.join() !== LABELS.join())
    throw new UserError(`models/train/sources.py: groups are ${found}, not ${LABELS}`);
  return new Map(groups.flatMap(([, , emotions], i) => emotions.split(" ").map((emotion) => [emotion, found[i]])));
}

const train = join(root, "models/train");

/**
 * The dev part of the texts written for this project, as `{ group, text, label }`. data/held-out.txt names each by its
 * file and line.
 */
async function readWritten(sources) {
  const folder = join(train, "data/written");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".tsv")).sort();
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const [, expected] = sources.match(/^WRITTEN = _written\("[^"]+", "written", "([0-9a-f]{64})"\)$/m) ?? [];
  if (!expected) throw new UserError("models/train/sources.py gives no SHA-256 of the written texts");
  expectSha256(folder, Buffer.concat(contents), expected);
  const heldOut = new Set((await readFile(join(train, "data/held-out.txt"), "utf8")).split("\n"));
  return names.flatMap((name, i) => {
    const rows = contents[i].toString().trimEnd().split("\n");
    return rows
      .filter((_, line) => heldOut.has(`${name.slice(0, -".tsv".length)}:${line + 1}`))
      .map((row) => {
        const [label, group, text] = row.split("\t");
        return { group, text, label };
      });
  });
}

/** Lists of `{ text, label }`. In GoEmotions, `label` is undefined if the emotions are ambiguous or disagree. */
export async function readCorpora(data) {
  const sources = await readFile(join(train, "sources.py"), "utf8");
  const lines = async (file) => {
    const [, expected] = sources.match(new RegExp(`"file": "${file}",\\s+"sha256": "([0-9a-f]{64})"`)) ?? [];
    if (!expected) throw new UserError(`models/train/sources.py gives no SHA-256 of ${file}`);
    return (await checked(join(data, file), expected)).toString().trimEnd().split("\n");
  };

  const [header, ...films] = (await lines("sst2/dev.tsv")).map((line) => line.split("\t"));
  const [text, label] = ["sentence", "label"].map((column) => header.indexOf(column));

  const groups = groupsIn(sources);
  const emotions = await lines("goemotions/labels.txt");
  const agreed = (numbers) => {
    const found = new Set(numbers.split(",").map((number) => groups.get(emotions[number])));
    return found.size === 1 ? [...found][0] : undefined;
  };
  const comments = (await lines("goemotions/dev.tsv")).map((line) => line.split("\t"));

  return {
    films: films.map((row) => ({ text: row[text].trim(), label: row[label] === "1" ? "positive" : "negative" })),
    comments: comments.map(([text, numbers]) => ({ text: text.trim(), label: agreed(numbers) })),
    written: await readWritten(sources),
  };
}

/** The texts written for this project, as `{ group, hard, text, label }`. */
export async function readProbes() {
  const groups = JSON.parse(await readFile(new URL("probe.json", import.meta.url), "utf8"));
  return groups.flatMap(({ group, hard = false, texts }) => texts.map((each) => ({ group, hard, ...each })));
}
