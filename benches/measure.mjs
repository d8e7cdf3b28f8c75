// Shared by benchmarks in Node and in the page.
import { passage } from "./texts.mjs";

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function check(condition, message) {
  if (!condition) throw new Error(`wrong result: ${message}`);
}

/** A text of exactly `tokens` tokens, special tokens included. `count(text)` resolves to its number of tokens. */
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

/** The time of one call in milliseconds. */
async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The median time of `runs` calls in milliseconds, after a quarter as many to warm up. `after` is not timed. */
export async function time(runs, work, after) {
  const times = [];
  const warm = Math.ceil(runs / 4);
  for (let i = 0; i < warm + runs; i++) {
    const elapsed = await timed(work);
    if (i >= warm) times.push(elapsed);
    after?.();
  }
  return median(times);
}

/**
 * How many times as long as `base` the call `work` takes: the median over `runs` rounds, each with one call of both, after a
 * quarter as many rounds to warm up. The order changes from round to round.
 */
export async function ratio(runs, work, base) {
  const ratios = [];
  const warm = Math.ceil(runs / 4);
  for (let i = 0; i < warm + runs; i++) {
    const [a, b] = i % 2 ? [await timed(work), await timed(base)] : [await timed(base), await timed(work)].reverse();
    if (i >= warm) ratios.push(a / b);
  }
  return median(ratios);
}

/** The text lengths that are timed, and how often. */
export const LENGTHS = [
  { tokens: 16, runs: 60 },
  { tokens: 32, runs: 40 },
  { tokens: 128, runs: 20 },
];
