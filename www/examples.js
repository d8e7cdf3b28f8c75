// The examples below the text, in English or Chinese.
import { $ } from "./dom.js";
import { showBroken } from "./language.js";
import { fill } from "./try.js";

const buttons = [...$("examples").querySelectorAll("button:not(#long-example)")];
const ENGLISH = { short: buttons.map((button) => button.textContent), long: longInEnglish };

let shown = ENGLISH;
let latest; // the language of the last call

/** A film, and the reviews of the benchmark. */
async function longInEnglish() {
  const { batch, passage } = await import("./benches/texts.mjs");
  return `${passage.trim().replaceAll("\n", " ")}\n\n${batch.join(" ")}`;
}

/** Shows the examples in a language, or in English if there are none in it. */
export async function showExamples(language) {
  latest = language;
  const isChinese = language.startsWith("zh");
  const next = isChinese ? await import("./examples-zh.js").catch(() => ENGLISH) : ENGLISH;
  if (latest !== language) return;
  shown = next;
  $("examples").lang = next === ENGLISH ? "en" : language;
  $("long-example").lang = document.documentElement.lang; // its title, unlike the others, is a text of the page
  for (const [i, text] of shown.short.entries()) buttons[i].textContent = text;
}

$("examples").addEventListener("click", async ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return;
  if (target.id !== "long-example") return fill(target.textContent);
  await shown.long().then(fill, showBroken);
});
