// The page's interface to rows-worker.js.

/** Starts the worker. Each function returned calls the function of the same name in the worker. */
export function startRows() {
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
