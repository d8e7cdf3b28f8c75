import { predict } from "./node_modules/litmus-text/dist/index.js";

chrome.runtime.onMessage.addListener((text, _sender, answer) => {
  predict(text).then(answer, ({ code, message }) => answer({ label: code, score: message }));
  return true; // keeps the channel open for the asynchronous answer
});
