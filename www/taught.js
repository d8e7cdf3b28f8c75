// The visitor's own labels: the head that was taught in the page, or came from a file or a link.
import { createClassifier } from "./litmus-text/dist/index.js";
import { isAwaited, model, onModel } from "./model.js";

let now;
const listeners = [];

/** `{ classifier, head, report, model }`, or `undefined`. `head` has the bytes of the head file, `model` is what it was taught on. */
export const lastTaught = () => now;
/** The taught classifier, if it was taught on the model in use. */
export const taught = () => (now?.model === model() ? now : undefined);
export const onTaught = (listener) => void listeners.push(listener);

/**
 * Switches to a classifier that was taught on a model; without one, the labels are forgotten. A head that came from a file or a
 * link has no report.
 */
export function useTaught(classifier, report = null, by = model()) {
  const before = now;
  now = classifier && { classifier, head: classifier.export(), report, model: by };
  for (const listener of listeners) listener();
  before?.classifier.close();
}

/** Loads the file of a head onto the model in use. Rejects if it is damaged, or of another model. */
export async function loadTaught(head, report) {
  const by = await untilModel();
  useTaught(await createClassifier({ ...by.options, head }), report, by);
}

/** Resolves to the model as soon as there is one, and no other is being loaded. */
export const untilModel = () =>
  new Promise((resolve) => {
    if (model() && !isAwaited()) return resolve(model());
    const stop = onModel((next) => {
      stop();
      resolve(next);
    });
  });
