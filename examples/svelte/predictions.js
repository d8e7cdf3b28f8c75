import { createClassifier } from "litmus-text";
import { readable } from "svelte/store";

const START = { items: [], done: false, error: undefined };

/** One classifier for the whole app. A failed load is tried again by the next store. */
let loading;
function loadClassifier() {
  loading ??= createClassifier().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/**
 * A store of the predictions of texts: the items that are computed so far, each with a `prediction` or an `error`; whether
 * these are all; and the error that ended the work. The first subscriber starts the work. It is aborted when the last one is
 * gone, as when the component is destroyed.
 */
export function predictions(texts) {
  return readable(START, (set, update) => {
    const controller = new AbortController();
    const { signal } = controller;

    async function run() {
      set(START);
      const classifier = await loadClassifier();
      for await (const item of classifier.stream(texts, { signal })) {
        update(({ items }) => ({ ...START, items: [...items, item] }));
      }
      update(({ items }) => ({ ...START, items, done: true }));
    }

    run().catch((error) => {
      if (!signal.aborted) update((state) => ({ ...state, error }));
    });
    return () => controller.abort();
  });
}
