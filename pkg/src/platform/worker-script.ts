import { isCrossOrigin } from "./origin.js";
import { platform } from "./platform.js";

/** `blob:` URLs of scripts that load a script of another origin, by the URL of that script. */
const loaders = new Map<string, string>();

/**
 * Starts a worker from a script of any origin. Browsers refuse to start a worker from a script of another origin, but let a worker
 * load one; a module only if its server allows that by CORS. So the worker then starts from a `blob:` URL whose one line loads the
 * script.
 */
export function startWorkerScript(url: string | URL, options: WorkerOptions = { type: "module" }): Worker {
  // On a page of a file: URL, Chromium loads no module scripts at all, but classic ones from blob: URLs.
  const type = location.protocol === "file:" ? "classic" : (options.type ?? "classic");
  const crossOrigin = isCrossOrigin(new URL(url, platform.baseUrl()));
  return new Worker(crossOrigin ? loaderOf(`${url}`, type) : url, { type });
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
