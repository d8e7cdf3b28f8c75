// The model in use: the packaged one, or the visitor's own.
import { createClassifier } from "./litmus-text/dist/index.js";

/**
 * `cache: false`, because the demo's service worker already stores the packaged model: it must not be stored twice.
 * The returned `options` create further classifiers of the same model.
 */
async function load(options, name) {
  const classifier = await createClassifier({ ...options, cache: false });
  return { classifier, name, options: { model: options.model, cache: false } };
}

let packaged;
let now;
const listeners = [];

/** `{ classifier, name, options }`, or `undefined` before a model is loaded. The packaged model has no `name`. */
export const model = () => now;
export const onModel = (listener) => void listeners.push(listener);

function use(next) {
  now = next;
  for (const listener of listeners) listener(now);
}

export async function usePackaged(onProgress) {
  packaged ??= await load({ onProgress });
  const own = now?.name !== undefined ? now : undefined;
  use(packaged);
  own?.classifier.close();
}

/** Loads the visitor's model and switches to it, unless `check`, called with the new classifier, throws. */
export async function useOwn(name, options, check) {
  const next = await load(options, name);
  try {
    await check(next.classifier);
  } catch (error) {
    next.classifier.close();
    throw error;
  }
  const before = now;
  use(next);
  if (before?.name !== undefined) before.classifier.close();
}
