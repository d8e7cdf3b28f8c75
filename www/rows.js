// The page's side of rows-worker.js: what can be asked of a file of rows.

/** Opens a file. Each function resolves to what its namesake in the worker returns. */
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
