import { platform } from "./platform.js";

/** The version of this package. The build replaces it. */
declare const PACKAGE_VERSION: string;

/** A copy of this script that Vite's development server has made, up to version 7, in its folder for dependencies. */
const VITE_COPY = /^(.*)\/\.[^/]+\/(?:.+\/)?deps\/[^/]*\?v=/;
/** One of jsDelivr's bundles, of a version, a range of versions or none: …/npm/litmus-text@1/+esm, …/embedded/+esm. */
const JSDELIVR_BUNDLE = /^(.+\/litmus-text)(?:@[^/]*)?(?:\/[^/]+)?\/\+esm$/;

/** The URL of the installed package's folder if the script at `url` was copied out of it, without the files beside it. */
export function findPackageRoot(url: string): string | undefined {
  const [, project] = VITE_COPY.exec(url) ?? [];
  if (project !== undefined) return `${project.replace(/\/node_modules$/, "")}/node_modules/litmus-text/`;
  const [, folder] = JSDELIVR_BUNDLE.exec(url) ?? [];
  // The exact version: a range would give the files of a later one while a cache still has this script.
  return folder && `${folder}@${PACKAGE_VERSION}/`;
}

// Empty in bundles that are no modules.
const scriptUrl = import.meta.url ?? "";
const packageRoot = findPackageRoot(scriptUrl);

const PACKAGE = "/litmus-text/";

/**
 * The absolute URL of a file of the installed package. `path` is its path in the package, `url` what
 * `new URL(…, import.meta.url)` gives in this bundle. In Next.js that is no real URL: webpack with
 * `parser.javascript.url: "relative"`, and Turbopack, make it an object whose `href` is only a path of the page's origin.
 * Since version 8, Vite writes the right URLs into its copies: those count, because a workspace has the package elsewhere.
 */
export function packageUrl(path: string, { href }: URL): string {
  const absolute = new URL(href, platform.baseUrl());
  const isOfVite8 = VITE_COPY.test(scriptUrl) && absolute.pathname.endsWith(PACKAGE + path);
  return packageRoot && !isOfVite8 ? packageRoot + path : absolute.href;
}

/**
 * The URL of the worker's script where this script is a copy, away from the package's files: there
 * `new Worker(new URL("./worker.js", import.meta.url))` does not find it. `file` gives the URL of a file of the package, which says
 * whether the bundler knows where the package is.
 */
export function separateWorkerUrl(file: () => string): string | undefined {
  return packageRoot && file().startsWith(packageRoot) ? `${packageRoot}dist/worker.js` : undefined;
}
