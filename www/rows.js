// The page's interface to rows-worker.js.
import { t } from "./language.js";

/** Milliseconds after which the page says that a file is being opened. */
const PATIENCE_MS = 300;

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
 * which the caller ends. Rejects if the file cannot be read or has no text, and when `signal` is aborted.
 */
async function openInWorker(file, name, signal) {
  const worker = startWorker();
  const aborted = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  try {
    const opened = await Promise.race([worker.open({ file, name, language: document.documentElement.lang }), aborted]);
    if (opened.rows.length === 0 || opened.columns.length === 0) throw new Error(t("bulk.none"));
    return { ...opened, name, worker };
  } catch (error) {
    worker.end();
    throw error;
  }
}

/**
 * Opens one file at a time: a newer file and `cancel` end the opening of an older one. `showOpening` is called with whether a file
 * is taking longer than a moment: its encoding is known only when all of it has been read.
 */
export function makeOpener(showOpening) {
  let latest = new AbortController();

  /** Opens a file as `openInWorker` does. Resolves to `undefined` if a newer one was opened meanwhile, or it was cancelled. */
  async function open(file, name) {
    latest.abort();
    latest = new AbortController();
    const { signal } = latest;
    const timer = setTimeout(showOpening, PATIENCE_MS, true);
    try {
      return await openInWorker(file, name, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
      if (signal === latest.signal) showOpening(false);
    }
  }

  return { open, cancel: () => latest.abort() };
}
