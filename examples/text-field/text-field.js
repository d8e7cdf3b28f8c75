// Shows the label of a text while it is typed.
import { predict } from "litmus-text";

const field = document.querySelector("textarea");
const output = document.querySelector("output");
let call = new AbortController();

async function showLabel() {
  call.abort(); // its text is no longer in the field
  call = new AbortController();
  const text = field.value.trim();
  output.classList.toggle("computing", text !== "");
  if (text === "") {
    output.value = "";
    return;
  }
  try {
    const { label, score } = await predict(text, { signal: call.signal });
    output.value = `${label} ${score.toFixed(3)}`;
  } catch (error) {
    if (error.name === "AbortError") return; // a call for the new text has begun
    output.value = error.message;
  }
  output.classList.remove("computing");
}

field.addEventListener("input", showLabel);
