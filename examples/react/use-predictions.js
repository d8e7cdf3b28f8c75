import { createClassifier } from "litmus-text";
import { useEffect, useState } from "react";

const START = { items: [], done: false, error: undefined };

/** One classifier for the whole app. A failed load is tried again by the next component. */
let loading;
function loadClassifier() {
  loading ??= createClassifier().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/**
 * Classifies texts. Returns the items that are computed so far, each with a `prediction` or an `error`; whether these are all;
 * and the error that ended the work. Other texts, and the component's unmount, abort the work. Keep the array between
 * renders: another array is other texts.
 */
export function usePredictions(texts) {
  const [state, setState] = useState(START);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;

    async function run() {
      setState(START);
      const classifier = await loadClassifier();
      for await (const item of classifier.stream(texts, { signal })) {
        setState(({ items }) => ({ ...START, items: [...items, item] }));
      }
      setState(({ items }) => ({ ...START, items, done: true }));
    }

    run().catch((error) => {
      if (!signal.aborted) setState((state) => ({ ...state, error }));
    });
    return () => controller.abort();
  }, [texts]);

  return state;
}
