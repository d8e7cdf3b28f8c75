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

/** The median of `runs` calls in milliseconds, after some that warm up. `after` is called after each. */
export async function time(runs, work, after) {
  const times = [];
  const warm = Math.ceil(runs / 4);
  for (let i = 0; i < warm + runs; i++) {
    const start = performance.now();
    await work();
    if (i >= warm) times.push(performance.now() - start);
    after?.();
  }
  return median(times);
}

/** How often a text of so many tokens is timed. */
export const LENGTHS = [
  { tokens: 16, runs: 60 },
  { tokens: 32, runs: 40 },
  { tokens: 128, runs: 20 },
];
