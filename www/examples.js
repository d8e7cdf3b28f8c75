// The examples below the text, in English or Chinese.
import { $ } from "./dom.js";
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
  const next = isChinese ? await import("./examples-zh.js") : ENGLISH;
  if (latest !== language) return;
  shown = next;
  $("examples").lang = isChinese ? language : "en";
  for (const [i, text] of shown.short.entries()) buttons[i].textContent = text;
}

$("examples").addEventListener("click", async ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return;
  fill(target.id === "long-example" ? await shown.long() : target.textContent);
});
