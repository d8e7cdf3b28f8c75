import { platform } from "./platform.js";

// Vite's development server, up to version 7, copies the JavaScript of dependencies into the folder deps/ of its cache and
// leaves the files beside it where they are. In such a copy, URLs relative to `import.meta.url` must be turned into those of
// the installed package. The cache is node_modules/.vite/, or what Nuxt, Storybook, Vitest or a configuration choose. Of
// caches outside node_modules, and of packages that are not beside them, the URL says nothing: docs/hosts.md has the setting.

const [, modules, cache] = /^(.*\/node_modules)(\/\..*)\/deps\/[^/]*$/.exec(import.meta.url ?? "") ?? [];

/** The URL of the installed package's `dist/` if this is such a copy, else `undefined`. */
export const viteDist = modules && `${modules}/litmus-text/dist/`;

/**
 * The absolute URL of a file of the installed package. `url` is what `new URL(…, import.meta.url)` gives in this bundle.
 * In Next.js that is no real URL: webpack with `parser.javascript.url: "relative"`, and Turbopack, make it an object whose
 * `href` is only a path of the page's origin.
 */
export function packageUrl({ href }: URL): string {
  return new URL(modules ? href.replace(`${modules}${cache}/`, `${modules}/litmus-text/`) : href, platform.baseUrl())
    .href;
}
