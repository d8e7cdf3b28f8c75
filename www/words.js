// Colours words by their attribution weight, behind the typed text and in passages.
import { make } from "./dom.js";

/** Words with an absolute weight below MIN_WEIGHT are not coloured, those below MIN_LISTED_WEIGHT are not listed. */
const MIN_WEIGHT = 0.02;
const MIN_LISTED_WEIGHT = 0.05;
/** Maximum number of words listed with their weight. */
const MAX_LISTED = 8;

const signed = (weight) => `${weight < 0 ? "−" : "+"}${Math.abs(weight).toFixed(2)}`;

function mark(word, text) {
  const element = make("mark", {
    textContent: text,
    title: signed(word.weight),
    className: word.weight < 0 ? "against" : "for",
  });
  element.style.setProperty("--weight", Math.min(1, Math.abs(word.weight)));
  return element;
}

/** Fills `element` with the text and marks the words. */
export function paintWords(element, text, words) {
  const parts = [];
  let end = 0;
  for (const word of words) {
    if (Math.abs(word.weight) < MIN_WEIGHT) continue;
    parts.push(text.slice(end, word.start), mark(word, text.slice(word.start, word.end)));
    end = word.end;
  }
  // A zero-width space, because a line break at the very end would have no height.
  element.replaceChildren(...parts, `${text.slice(end)}\u200b`);
}

/** The words with the largest weights as list items with sign and number: colour is not the only sign. */
export const wordItems = (words) =>
  words
    .filter(({ weight }) => Math.abs(weight) >= MIN_LISTED_WEIGHT)
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    .slice(0, MAX_LISTED)
    .map((word) => make("li", {}, mark(word, word.text), ` ${signed(word.weight)}`));

/** The words that an edit has not changed, with their new offsets. */
export function shiftWords(words, before, after) {
  const shortest = Math.min(before.length, after.length);
  let start = 0;
  while (start < shortest && before[start] === after[start]) start++;
  let end = 0;
  while (end < shortest - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const shift = after.length - before.length;
  return words.flatMap((word) => {
    if (word.end <= start) return [word];
    if (word.start < before.length - end) return [];
    return [{ ...word, start: word.start + shift, end: word.end + shift }];
  });
}
