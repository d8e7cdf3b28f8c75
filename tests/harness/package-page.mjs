// What tests do in a page that has the package as `litmus`: see `packagePage` in site.mjs.
import { eventually } from "./eventually.mjs";

/** Files of the packaged model in the Cache API. */
const MODEL_FILES = 4;

/** Loads a classifier and predicts a positive text. Resolves to the label, or to the code and message of the error. */
export const loadAndPredict = (page, options) =>
  page.evaluate(async (options) => {
    try {
      const classifier = await litmus.createClassifier(options);
      const { label } = await classifier.predict("a gorgeous movie");
      classifier.close();
      return label;
    } catch ({ code, message }) {
      return { code, message };
    }
  }, options);

/** How many files of models are in the Cache API. Chromium lists keys before their entries can be read. */
export const countCachedFiles = (page) =>
  page.evaluate(async () => {
    const cache = await caches.open("litmus-text");
    const entries = await Promise.all((await cache.keys()).map((key) => cache.match(key)));
    return entries.filter(Boolean).length;
  });

/** Waits until this many files are cached, by default those of the packaged model: storing them ends after the load. */
export async function waitUntilCached(page, count = MODEL_FILES) {
  await eventually(
    page,
    async (count) => {
      const cache = await caches.open("litmus-text");
      const entries = await Promise.all((await cache.keys()).map((key) => cache.match(key)));
      return entries.filter(Boolean).length === count;
    },
    count,
  );
}
