// What the search index sees of a page.

/**
 * Headings of the fourth level and below, which only the API has, begin no section of their own: an option's name there would
 * be found before the guide of the same name.
 */
export const withoutSmallSections = (html) => html.replace(/<(\/?)h[4-6]\b[^>]*>/g, "<$1p>");

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
