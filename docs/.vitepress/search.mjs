// Search in Chinese. The search index divides texts at blanks and punctuation, and finds words by their beginnings. Chinese
// has no blanks, so each Chinese character begins a word of its own: it and the characters after it.

/** A query of more characters is not found. */
const LENGTH = 8;
const CHINESE = /\p{Script=Han}+/gu;

const substrings = (run) => Array.from(run, (_, i) => run.slice(i, i + LENGTH));

/** Adds the words to each section of a page's HTML. Only the search index sees them. */
export const addSubstrings = (html) =>
  html
    .split(/(?=<h[1-6][ >])/)
    .map((section) => {
      const words = (section.replace(/<[^>]*>/g, " ").match(CHINESE) ?? []).flatMap(substrings);
      return words.length > 0 ? `${section}<p>${words.join(" ")}</p>` : section;
    })
    .join("");
