import { useState } from "react";
import { usePrediction } from "./use-prediction.js";

export function Comment() {
  const [text, setText] = useState("");
  const { prediction, error, computing } = usePrediction(text);
  return (
    <label aria-busy={computing}>
      Your comment <textarea value={text} onChange={(event) => setText(event.target.value)} />
      <output>{error ? error.message : prediction?.label}</output>
    </label>
  );
}
