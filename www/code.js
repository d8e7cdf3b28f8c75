// Shows the code that makes the same prediction in another page.
import { $, make } from "./dom.js";
import { model } from "./model.js";

/** Maximum number of characters of the text shown. */
const MAX_TEXT = 60;

/** Shows the code of a prediction by a task; before the first prediction, without text and result. */
export function showCode({ source, options, field }, value = "…", prediction = {}) {
  const text = JSON.stringify(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT - 1)}…` : value);
  const chosen = options();
  const input =
    field === "pair" && $("pair").value ? `{ text: ${text}, pair: ${JSON.stringify($("pair").value)} }` : text;
  const args = Object.keys(chosen).length > 0 ? `${input}, ${literal(chosen)}` : input;
  const names = prediction.labels ? "labels, scores" : "label, score";
  const isDefault = source === "packaged" && model().packaged === "english";
  const start = isDefault
    ? 'import { predict } from "litmus-text";\n\n'
    : codeOfClassifier(source === "taught" ? ["head /* the file, a Uint8Array */"] : []);
  const call = isDefault ? "predict" : "classifier.predict";
  const code = `${start}const { ${names} } = await ${call}(\n  ${args},\n);\n`;
  const result = prediction.scores ? resultOf(prediction) : names;
  $("code").replaceChildren(code, make("span", { className: "comment", textContent: `// ${result}` }));
}

/** A value as the literal of JavaScript: keys without quotes. */
const literal = (value) =>
  JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/"([A-Za-z]+)":/g, "$1:");

const resultOf = ({ label, labels, score, scores }) =>
  labels ? `[${labels.join(", ")}], ${scores[0].label} ${score.toFixed(3)}` : `${label}, ${score.toFixed(3)}`;

/** The code that creates a classifier of the model in use, with further options. `before` stands below the imports. */
export function codeOfClassifier(options, before = "") {
  const { packaged } = model();
  const isMultilingual = packaged === "multilingual";
  const choice = { english: [], multilingual: ["model: multilingual"] }[packaged] ?? ['model: "/models/mine/"'];
  const imports = isMultilingual ? '\nimport { multilingual } from "litmus-text/multilingual";' : "";
  const all = [...choice, ...options].join(", ");
  return `import { createClassifier } from "litmus-text";${imports}\n\n${before}const classifier = await createClassifier({ ${all} });\n`;
}
