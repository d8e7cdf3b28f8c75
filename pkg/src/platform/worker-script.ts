import { isForeign } from "./origin.js";
import { platform } from "./platform.js";

/** `blob:` URLs of scripts that load a script of another origin, by the URL of that script. */
const loaders = new Map<string, string>();

/**
 * Starts a worker. Browsers refuse to start one from a script of another origin, but a worker may load such a script (a
 * module only if its server allows it by CORS). So for such a script the worker starts from a `blob:` URL of one line that
 * loads it.
 */
export function startWorkerScript(url: string | URL, options: WorkerOptions = { type: "module" }): Worker {
  // On a page of a file: URL, Chromium loads no module scripts at all, but classic ones from blob: URLs.
  const type = location.protocol === "file:" ? "classic" : (options.type ?? "classic");
  const foreign = isForeign(new URL(url, platform.baseUrl()));
  return new Worker(foreign ? loaderOf(`${url}`, type) : url, { type });
}

function loaderOf(url: string, type: WorkerType): string {
  const known = loaders.get(url);
  if (known) return known;
  const literal = JSON.stringify(url);
  const line = type === "module" ? `import ${literal};` : `importScripts(${literal});`;
  const script = new Blob([line], { type: "text/javascript" });
  const loader = URL.createObjectURL(script); // not revoked: the page starts further workers from it
  loaders.set(url, loader);
  return loader;
}
