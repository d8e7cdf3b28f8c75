// Whether a label stays the same with "!" or an emoji behind the text, glued to it or after a blank. endings.json has the
// emoji: neutral objects, and some of each sentiment. None of them trains endings (models/train/augment.py).
import { readFile } from "node:fs/promises";
import { top } from "./measures.mjs";

/** Only texts that the model is sure of are changed: elsewhere any small change may decide. */
export const SURE = 0.7;

export const readEndings = async () => JSON.parse(await readFile(new URL("endings.json", import.meta.url), "utf8"));

/** The endings behind a text of this label, by name. */
export function endingsOf({ objects, ...emoji }, label) {
  const marks = label === "neutral" ? [] : ["!"];
  const glued = [...marks, ...objects, ...(emoji[label] ?? "")];
  return new Map([
    ...glued.map((ending) => [ending, ending]),
    ...glued.map((ending) => [`blank ${ending}`, ` ${ending}`]),
  ]);
}

/** `{ variant, text, label }` of every changed text. Rows are `{ text, scores }`; `label` is the model's label before. */
export function changedTexts(endings, rows) {
  const sure = rows.map(({ text, scores }) => ({ text: text.trimEnd(), label: top(scores), scores }));
  return sure
    .filter(({ label, scores }) => scores[label] >= SURE)
    .flatMap(({ text, label }) =>
      [...endingsOf(endings, label)].map(([variant, ending]) => ({ variant, text: text + ending, label })),
    );
}

/** How many changed texts keep their label, in all and by variant, and the variant that keeps it least often. */
export function sameLabel(rows) {
  const zeros = () => ({ texts: 0, same: 0 });
  const total = zeros();
  const variants = {};
  for (const { variant, label, scores } of rows) {
    variants[variant] ??= zeros();
    for (const counts of [total, variants[variant]]) {
      counts.texts++;
      if (top(scores) === label) counts.same++;
    }
  }
  const shareOf = ({ texts, same }) => same / texts;
  const [worst] = Object.keys(variants).sort((a, b) => shareOf(variants[a]) - shareOf(variants[b]));
  return { ...total, share: shareOf(total), worst: { variant: worst, share: shareOf(variants[worst]) }, variants };
}
