// The code that does in another page what was shown in this one.
import { $, make } from "./dom.js";

/** Characters of the text that are shown. */
const MAX_TEXT = 60;

/** The first lines by the source of the task. */
const STARTS = {
  packaged: 'import { predict } from "litmus-text";\n\n',
  own: classifierOf('{ model: "/models/mine/" }'),
  taught: classifierOf("{ head /* the file, a Uint8Array */ }"),
};

/** Shows the code of a prediction by a task. */
export function showCode({ source, options, field }, value, prediction) {
  const text = JSON.stringify(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT - 1)}…` : value);
  const chosen = options();
  const input =
    field === "pair" && $("pair").value ? `{ text: ${text}, pair: ${JSON.stringify($("pair").value)} }` : text;
  const args = Object.keys(chosen).length > 0 ? `${input}, ${literal(chosen)}` : input;
  const names = prediction.labels ? "labels, scores" : "label, score";
  const start = STARTS[source];
  const call = source === "packaged" ? "predict" : "classifier.predict";
  const code = `${start}const { ${names} } = await ${call}(\n  ${args},\n);\n`;
  $("code").replaceChildren(code, make("span", { className: "comment", textContent: `// ${resultOf(prediction)}` }));
}

/** A value as the literal of JavaScript: keys without quotes. */
const literal = (value) =>
  JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/"([A-Za-z]+)":/g, "$1:");

const resultOf = ({ label, labels, score, scores }) =>
  labels ? `[${labels.join(", ")}], ${scores[0].label} ${score.toFixed(3)}` : `${label}, ${score.toFixed(3)}`;

function classifierOf(options) {
  return `import { createClassifier } from "litmus-text";\n\nconst classifier = await createClassifier(${options});\n`;
}
