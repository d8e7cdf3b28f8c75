import { platform } from "./platform.js";

/** The URL of a copy of this script that Vite's development server made in its folder for dependencies. */
const VITE_COPY = /^(.*)\/\.[^/]+\/(?:.+\/)?deps\/[^/]*\?v=/;
/** The URL of a bundle by jsDelivr, of a version, a range of versions or none: …/npm/litmus-text@1/+esm, …/embedded/+esm. */
const JSDELIVR_BUNDLE = /^(.+\/litmus-text)(?:@[^/]*)?(?:\/[^/]+)?\/\+esm$/;

/** The URL of the installed package's folder if the script at `url` is a copy that lacks the files beside it, else `undefined`. */
export function findPackageRoot(url: string): string | undefined {
  const [, project] = VITE_COPY.exec(url) ?? [];
  if (project !== undefined) return `${project.replace(/\/node_modules$/, "")}/node_modules/litmus-text/`;
  const [, folder] = JSDELIVR_BUNDLE.exec(url) ?? [];
  // The exact version: a range would give the files of a later one while a cache still has this script.
  return folder && `${folder}@${PACKAGE_VERSION}/`;
}

// `import.meta.url` is empty in bundles that are not modules.
const scriptUrl = import.meta.url ?? "";
const packageRoot = findPackageRoot(scriptUrl);

const PACKAGE = "/litmus-text/";

/**
 * The absolute URL of a file of the installed package. `path` is its path in the package, `url` what
 * `new URL(…, import.meta.url)` gives in this bundle.
 *
 * - Next.js: `url` is no real URL. webpack with `parser.javascript.url: "relative"`, and Turbopack, make it an object whose `href` is
 *   only a path of the page's origin.
 * - Vite since version 8: the copies have the right URLs. Those are taken, because `packageRoot` is wrong in a workspace.
 */
export function packageUrl(path: string, { href }: URL): string {
  const absolute = new URL(href, platform.baseUrl());
  const isOfVite8 = VITE_COPY.test(scriptUrl) && absolute.pathname.endsWith(PACKAGE + path);
  return packageRoot && !isOfVite8 ? packageRoot + path : absolute.href;
}

/**
 * The URL of the worker's script if this script is a copy away from the package's files, where
 * `new Worker(new URL("./worker.js", import.meta.url))` does not find it; else `undefined`. `file` gives the URL of another file of
 * the package: if that is outside of `packageRoot`, the bundler resolves such URLs by itself.
 */
export function separateWorkerUrl(file: () => string): string | undefined {
  return packageRoot && file().startsWith(packageRoot) ? `${packageRoot}dist/worker.js` : undefined;
}
