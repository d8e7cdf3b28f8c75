// Keeps the visitor's examples and the head taught from them on the device, in IndexedDB.
import { model } from "./model.js";
import { lastTaught, loadTaught } from "./taught.js";

const NAME = "litmus-demo";
const STORE = "taught";
const KEY = "now";
/** Whether something is kept: in localStorage, so that a visit without anything opens no database. */
const FLAG = "taught";

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function inStore(mode, use) {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    return await settled(use(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/**
 * Stores `{ labels: [{ name, texts }], other, head, report, model }`. `model` is the name of the packaged model that the head was
 * taught on, `null` for the visitor's own. Resolves to whether the browser keeps it.
 */
export async function storeTaught(kept) {
  try {
    await inStore("readwrite", (store) => store.put(kept, KEY));
    localStorage.setItem(FLAG, "1");
    return true;
  } catch {
    return false;
  }
}

/** What is kept, if there is anything. */
export async function kept() {
  try {
    return localStorage.getItem(FLAG) ? await inStore("readonly", (store) => store.get(KEY)) : undefined;
  } catch {
    return undefined; // storage is blocked
  }
}

export async function forget() {
  try {
    localStorage.removeItem(FLAG);
    await inStore("readwrite", (store) => store.delete(KEY));
  } catch {
    // Storage is blocked: nothing was kept.
  }
}

/** Loads the head that an earlier visit has taught on the model in use. */
export async function restoreTaught() {
  // Earlier versions of the demo had only the English model, and stored no name.
  const { head, report, model: name = "english" } = (await kept()) ?? {};
  if (name !== model().packaged || lastTaught()) return;
  // A head of another version of the model is of no use any more; its examples are taught again in the part "Your labels".
  if (head) await loadTaught(head, { report }).catch((error) => console.warn(error.message));
}
