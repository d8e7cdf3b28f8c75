// What the benchmarks use on both sides, in Node and in the page.
import { passage } from "./texts.mjs";

export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

export function check(condition, message) {
  if (!condition) throw new Error(`wrong result: ${message}`);
}

/** A text of exactly this many tokens, special tokens included; `count` counts them. */
export async function textOf(tokens, count) {
  let text = "";
  for (const word of passage.trim().split(/\s+/)) {
    const longer = `${text} ${word}`.trim();
    if ((await count(longer)) > tokens) break;
    text = longer;
  }
  while ((await count(text)) < tokens) text += " so";
  check((await count(text)) === tokens, `${await count(text)} tokens instead of ${tokens}`);
  return text;
}
