import { predict } from "litmus-text";

const { label, score } = await predict("I loved every minute of it");
document.body.textContent = `${label} ${score}`;
