/** Scripts that load a module of another origin, by the URL of that module. */
const loaders = new Map<string, string>();

/** Whether a script is of another origin than the page. */
export const isForeign = (url: string): boolean =>
  url.startsWith("http") && new URL(url).origin !== globalThis.location?.origin;

/**
 * Starts a worker. Browsers refuse to start one from a script of another origin, but a worker may import such a
 * module, if its server allows it by CORS. Then the worker's script is one line, at a `blob:` URL.
 */
export function startWorkerScript(url: string): Worker {
  // On a page of a file: URL, Chromium loads no module scripts at all, but classic ones from blob: URLs.
  const type = location.protocol === "file:" ? "classic" : "module";
  return new Worker(isForeign(url) ? loaderOf(url) : url, { type });
}

function loaderOf(url: string): string {
  const known = loaders.get(url);
  if (known) return known;
  const script = new Blob([`import ${JSON.stringify(url)};`], { type: "text/javascript" });
  const loader = URL.createObjectURL(script); // not revoked: the page starts further workers from it
  loaders.set(url, loader);
  return loader;
}
