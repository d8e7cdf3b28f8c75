// The model in use: a packaged one, or the visitor's own.
import { createClassifier } from "./litmus-text/dist/index.js";

/** The options of `createClassifier` for the packaged models. */
const PACKAGED = {
  // The demo's service worker stores this one (offline.js): it must not be stored twice.
  english: async () => ({ cache: false }),
  // The package stores this one when it is first used.
  multilingual: async () => ({ model: (await import("./litmus-text/dist/multilingual.js")).multilingual }),
};

/** The packaged models by name, as promises. They stay loaded. */
const loads = new Map();
let awaited; // the name of the packaged model that is used as soon as it is loaded
let now;
const listeners = new Set();

/**
 * `{ classifier, packaged, name, options }`, or `undefined` before a model is loaded. `packaged` is the name of a packaged model,
 * `name` that of the visitor's own; `options` create further classifiers of the same model.
 */
export const model = () => now;
/** Calls a listener with each model that is used from now on, until the returned function is called. */
export function onModel(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether a packaged model is being loaded, or could not be loaded: until another one is in use, no text is read. */
export const isAwaited = () => awaited !== undefined;
/** Resolves to the model in use as soon as there is one, and no other is being loaded. Rejects when `signal` is aborted. */
export const untilModel = (signal) =>
  new Promise((resolve, reject) => {
    if (now && !isAwaited()) return resolve(now);
    const stop = onModel((next) => {
      stop();
      resolve(next);
    });
    signal?.addEventListener("abort", () => {
      stop();
      reject(signal.reason);
    });
  });

/** Whether this visit has used a packaged model, or is loading it. */
export const isLoaded = (name) => loads.has(name);

function useModel(next) {
  const before = now;
  awaited = undefined;
  now = next;
  for (const listener of listeners) listener(now);
  if (before && !before.packaged && before !== next) before.classifier.close();
}

async function loadPackaged(packaged, onProgress) {
  const options = await PACKAGED[packaged]();
  return { classifier: await createClassifier({ ...options, onProgress }), packaged, options };
}

/** Loads a packaged model and switches to it, unless another model was chosen meanwhile. */
export async function usePackaged(name, onProgress) {
  awaited = name;
  if (!loads.has(name)) {
    loads.set(name, loadPackaged(name, onProgress));
    loads.get(name).catch(() => loads.delete(name)); // the next call tries again
  }
  const next = await loads.get(name);
  if (awaited === name) useModel(next);
}

/** Loads the visitor's model and switches to it, unless `check`, called with the new classifier, throws. */
export async function useOwn(name, { model, signal, onProgress }, check) {
  const options = { model, cache: false };
  const next = { classifier: await createClassifier({ ...options, signal, onProgress }), name, options };
  try {
    await check(next.classifier);
  } catch (error) {
    next.classifier.close();
    throw error;
  }
  useModel(next);
}
