// The visitor's own labels: the head that was taught in the page, or came from a file or a link.
import { createClassifier } from "./litmus-text/dist/index.js";
import { model, onModel, untilModel } from "./model.js";

let now;
const listeners = [];

/**
 * `{ classifier, head, report, model, isReceived }`, or `undefined`. `head` has the bytes of the head file, `model` is what it was
 * taught on; `isReceived`: it came in a link, and is not kept.
 */
export const lastTaught = () => now;
/** The taught classifier, if it was taught on the model in use. */
export const taught = () => (now?.model === model() ? now : undefined);
export const onTaught = (listener) => void listeners.push(listener);

/**
 * Switches to a classifier that was taught on a model; without one, the labels are forgotten. A head that came from a file or a
 * link has no report.
 */
export function useTaught(classifier, report = null, by = model(), isReceived = false) {
  const before = now;
  now = classifier && { classifier, head: classifier.export(), report, model: by, isReceived };
  for (const listener of listeners) listener();
  before?.classifier.close();
}

/** Loads the file of a head onto the model in use. Rejects if it is damaged, or of another model. */
export async function loadTaught(head, { report, isReceived } = {}) {
  const by = await untilModel();
  useTaught(await createClassifier({ ...by.options, head }), report, by, isReceived);
}

// On a model of the visitor's own, the classifier holds a second copy of it. The head is kept for the store.
onModel((next) => {
  if (now && !now.model.packaged && now.model !== next) now.classifier.close();
});
