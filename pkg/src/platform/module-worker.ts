/** Scripts that load a module of another origin, by the URL of that module. */
const loaders = new Map<string, string>();

/**
 * Starts a module worker. Browsers refuse to start one from a script of another origin, but a worker may import such a
 * module, if its server allows it by CORS. Then the worker's script is one line, at a `blob:` URL.
 */
export function startModuleWorker(url: string): Worker {
  const isForeign = url.startsWith("http") && new URL(url).origin !== location.origin;
  return new Worker(isForeign ? loaderOf(url) : url, { type: "module" });
}

function loaderOf(url: string): string {
  const known = loaders.get(url);
  if (known) return known;
  const script = new Blob([`import ${JSON.stringify(url)};`], { type: "text/javascript" });
  const loader = URL.createObjectURL(script); // not revoked: the page starts further workers from it
  loaders.set(url, loader);
  return loader;
}
