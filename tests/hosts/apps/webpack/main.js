import { predict } from "litmus-text";

// Called by the test. The task's script and its head are files of their own, which the bundler must have written.
globalThis.toxicity = (text) => predict(text, { task: "toxicity" });

const { label, score } = await predict("I loved every minute of it");
document.body.textContent = `${label} ${score}`;
