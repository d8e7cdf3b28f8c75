// Vite's development server, up to version 7, copies the JavaScript of dependencies into node_modules/.vite/deps/ and leaves
// the files beside it where they are. In such a copy, URLs relative to `import.meta.url` must be turned into those of the
// installed package.

const [modules, copy] = (import.meta.url ?? "").split("/.vite/deps/");

/** The URL of the installed package's `dist/` if this is such a copy, else `undefined`. */
export const viteDist = copy && `${modules}/litmus-text/dist/`;

/** The URL of a file of the installed package. `url` is the file's URL relative to this bundle. */
export function packageUrl({ href }: URL): string {
  return copy ? href.replace("/.vite/", "/litmus-text/") : href;
}
