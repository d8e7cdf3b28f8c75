import { predict } from "./node_modules/litmus-text/dist/index.js";

const { label, score } = await predict("I loved every minute of it");
document.body.textContent = `${label} ${score}`;
