// Which model reads: the packaged one, or the visitor's own.
import { createClassifier } from "./litmus-text/dist/index.js";

/**
 * The service worker keeps the model with all else of this version, so the package need not keep it once more.
 * `options` make a classifier, and another like it.
 */
async function load(options, name) {
  const classifier = await createClassifier({ ...options, cache: false });
  return { classifier, name, options: { model: options.model, cache: false } };
}

let packaged;
let now;
const listeners = [];

/** `{ classifier, name, options }`, or nothing while there is none; `name` is that of the visitor's model. */
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

/** Reads with another model from now on, once it is loaded and `check` has approved of it. */
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
