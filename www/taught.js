// The visitor's own labels: the head that was taught in the page, or came from a file or a link.
import { createClassifier } from "./litmus-text/dist/index.js";
import { model, onModel } from "./model.js";

let now;
const listeners = [];

/** `{ classifier, head, report }` of the model in use, or `undefined`. `head` has the bytes of the head file. */
export const taught = () => (now?.model === model() ? now : undefined);
export const onTaught = (listener) => void listeners.push(listener);

/**
 * Switches to a classifier that was taught on the model in use; without one, the labels are forgotten. A head that came from a
 * file or a link has no report.
 */
export function useTaught(classifier, report = null) {
  const before = now;
  now = classifier && { classifier, head: classifier.export(), report, model: model() };
  for (const listener of listeners) listener();
  before?.classifier.close();
}

/** Loads the file of a head onto the model in use. Rejects if it is damaged, or of another model. */
export async function loadTaught(head, report) {
  const { options } = await untilModel();
  useTaught(await createClassifier({ ...options, head }), report);
}

/** Resolves to the model as soon as there is one. */
export const untilModel = () =>
  new Promise((resolve) => {
    if (model()) resolve(model());
    else onModel(resolve);
  });
