import { predict } from "litmus-text";
import { useEffect, useState } from "react";

/** @type {{ prediction?: import("litmus-text").Prediction, error?: Error, computing: boolean }} */
const NOTHING = { computing: false };

/** Classifies a text while it is typed. An empty text has no prediction. The last prediction stays while the next is computed. */
export function usePrediction(text) {
  const [state, setState] = useState(NOTHING);

  useEffect(() => {
    const controller = new AbortController();
    if (text.trim() === "") {
      setState(NOTHING);
    } else {
      setState((last) => ({ ...last, computing: true }));
      predict(text, { signal: controller.signal }).then(
        (prediction) => setState({ ...NOTHING, prediction }),
        (error) => {
          if (error.name !== "AbortError") setState({ ...NOTHING, error });
        },
      );
    }
    return () => controller.abort(); // the text has changed, or the component is gone
  }, [text]);

  return state;
}
