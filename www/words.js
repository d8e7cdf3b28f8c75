// Words coloured by what they did to the label: over the text that is typed, and in passages.
import { make } from "./dom.js";

/** Weights below this show nothing, and those below the other are not worth a name. */
const LEAST = 0.02;
const LEAST_NAMED = 0.05;
/** How many words are named with their weight. */
const NAMED = 8;

const signed = (weight) => `${weight < 0 ? "−" : "+"}${Math.abs(weight).toFixed(2)}`;

function mark(word, text) {
  const element = make("mark", { textContent: text, title: signed(word.weight), className: word.weight < 0 ? "against" : "for" });
  element.style.setProperty("--weight", Math.min(1, Math.abs(word.weight)));
  return element;
}

/** Fills `element` with the text, its words marked. */
export function paint(element, text, words) {
  const parts = [];
  let end = 0;
  for (const word of words) {
    if (Math.abs(word.weight) < LEAST) continue;
    parts.push(text.slice(end, word.start), mark(word, text.slice(word.start, word.end)));
    end = word.end;
  }
  // A last line break would take no room without something after it.
  element.replaceChildren(...parts, `${text.slice(end)}\u200b`);
}

/** The words that did the most, as items of a list, with sign and number: the colours are not the only way to know. */
export const named = (words) =>
  words
    .filter(({ weight }) => Math.abs(weight) >= LEAST_NAMED)
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    .slice(0, NAMED)
    .map((word) => make("li", {}, mark(word, word.text), ` ${signed(word.weight)}`));

/** The words of a text that an edit has left as they were, at their new places. */
export function kept(words, before, after) {
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
