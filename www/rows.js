// The page's interface to rows-worker.js.
import { t } from "./language.js";

/** Starts the worker. Each function returned calls the function of the same name in the worker. */
function startWorker() {
  const worker = new Worker("rows-worker.js");
  const pending = new Map();
  let id = 0;
  worker.onmessage = ({ data }) => {
    const { resolve, reject } = pending.get(data.id);
    pending.delete(data.id);
    if (data.error === undefined) resolve(data.result);
    else reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    for (const { reject } of pending.values()) reject(new Error(event.message));
    pending.clear();
  };
  const ask = (call) => (argument) =>
    new Promise((resolve, reject) => {
      pending.set(++id, { resolve, reject });
      worker.postMessage({ id, call, argument });
    });
  return {
    open: ask("open"),
    begin: ask("begin"),
    next: ask("next"),
    texts: ask("texts"),
    order: ask("order"),
    save: ask("save"),
    end: () => worker.terminate(),
  };
}

/**
 * Opens a file in a worker of its own. Resolves to the file's `name`, what the worker's `open` returned, and the `worker`,
 * which the caller ends. Rejects if the file cannot be read or has no text.
 */
export async function openInWorker(file, name) {
  const worker = startWorker();
  try {
    const opened = await worker.open({ file, name, language: document.documentElement.lang });
    if (opened.rows.length === 0 || opened.columns.length === 0) throw new Error(t("bulk.none"));
    return { ...opened, name, worker };
  } catch (error) {
    worker.end();
    throw error;
  }
}
