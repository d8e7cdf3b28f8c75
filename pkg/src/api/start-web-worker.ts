import { viteDist } from "../platform/package-url.js";

/** Bundlers recognise a worker's script by exactly this expression. Its URL is relative to the bundle in dist/. */
export const startWebWorker = (): Worker =>
  viteDist
    ? new Worker(`${viteDist}worker.js`, { type: "module" })
    : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
