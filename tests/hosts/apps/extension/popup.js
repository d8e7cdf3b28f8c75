import { predict } from "./node_modules/litmus-text/dist/index.js";

const text = "I loved every minute of it";
const show = (id, { label, score }) => (document.getElementById(id).textContent = `${label} ${score}`);

show("here", await predict(text));
show("service-worker", await chrome.runtime.sendMessage(text));
