// Up to its version 7, Vite's server for development copies the JavaScript of dependencies into a folder of its own, and
// nothing that lies beside it. There the package's other files are looked for where it is installed.

const [modules, copy] = (import.meta.url ?? "").split("/.vite/deps/");

/** The URL of the package's `dist/` if this is such a copy. */
export const viteOptimized = copy && `${modules}/litmus-text/dist/`;

/** The URL of a file of the package; `url` is where it should be, beside this one's folder. */
export function installed({ href }: URL): string {
  return copy ? href.replace("/.vite/", "/litmus-text/") : href;
}
