// 200 fixed texts of all lengths and in many scripts.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { batch, passage } from "../../benches/texts.mjs";
import { root } from "../../tools/paths.mjs";

const COUNT = 200;

/** Seeded pseudorandom integers: the returned function gives one below its argument. */
export function numbers(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const foreign = [
  "素晴らしい映画でした。また見たいです。",
  "这部电影太长了,我睡着了两次。",
  "정말 재미있는 책이에요!",
  "كان الفيلم جميلا جدا ومؤثرا.",
  "הסרט הזה היה בזבוז מוחלט של זמן.",
  "Ein Film, den man nicht vergisst – großartig!",
  "Очень скучно, не советую.",
  "หนังเรื่องนี้สนุกมาก",
  "यह फ़िल्म बहुत अच्छी थी।",
  "👍🏽👨‍👩‍👧‍👦 🇫🇷 ❤️‍🔥",
];

/** Texts of tests/fixtures/tokens.json that have tokens: the longest, and one of six of the others. */
async function tokenizerCases() {
  const { cases } = JSON.parse(await readFile(join(root, "tests/fixtures/tokens.json"), "utf8"));
  const byLength = cases.filter(({ ids }) => ids.length > 2).sort((a, b) => b.ids.length - a.ids.length);
  const chosen = byLength.filter((_, i) => i < 16 || i % 6 === 0);
  return chosen.map(({ text, repeat }) => text ?? repeat[0].repeat(repeat[1]));
}

export async function texts() {
  const words = passage.trim().split(/\s+/);
  const prefixes = [1, 2, 3, 5, 7, 11, 14, 20, 27, 30, 45, 60, 62, 90, 125, 150, words.length];
  const all = new Set([
    ...batch,
    ...foreign,
    ...prefixes.map((length) => words.slice(0, length).join(" ")),
    ...[2, 3, 4].map((times) => `${passage} `.repeat(times)),
    batch.join(" "),
    ...(await tokenizerCases()),
  ]);
  const below = numbers(1);
  const sentences = [...batch, ...foreign];
  while (all.size < COUNT) {
    all.add(Array.from({ length: 2 + below(6) }, () => sentences[below(sentences.length)]).join(below(2) ? " " : "\n"));
  }
  return [...all].slice(0, COUNT);
}
