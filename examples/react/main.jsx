import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Comment } from "./comment.jsx";
import { usePredictions } from "./use-predictions.js";

const reviews = Array.from({ length: 2000 }, (_, i) =>
  i % 2 ? `I loved every minute of part ${i}` : `Part ${i} is bleak and desperate`,
);

function Reviews({ texts }) {
  const { items, done, error } = usePredictions(texts);
  const positive = items.filter(({ prediction }) => prediction?.label === "positive").length;
  return (
    <>
      <progress max={texts.length} value={items.length} />
      <p role="status">
        {error ? error.message : `${items.length} of ${texts.length}, ${positive} positive${done ? ", done" : ""}`}
      </p>
    </>
  );
}

const few = reviews.slice(0, 2);

function App() {
  const [texts, setTexts] = useState();
  const [typing, setTyping] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setTexts(few)}>
        Two reviews
      </button>
      <button type="button" onClick={() => setTexts(reviews)}>
        All reviews
      </button>
      <button type="button" onClick={() => setTexts(undefined)}>
        Stop
      </button>
      <button type="button" onClick={() => setTyping(true)}>
        A comment
      </button>
      {typing && <Comment />}
      {texts && <Reviews texts={texts} />}
    </>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
