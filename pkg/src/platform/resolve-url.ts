import { LitmusError } from "../shared/errors.js";
import { platform } from "./platform.js";

/** A URL's scheme, of at least two characters: a single letter is a drive of Windows. */
const SCHEME = /^[a-z][a-z\d+.-]+:/i;

/**
 * The absolute URL of the value of the option `name`. A relative URL is resolved against the page's URL; in Node, Deno and Bun a
 * string without a scheme is the path of a file.
 *
 * @throws LitmusError `invalid-input` if it is no URL
 */
export function resolveUrl(name: string, url: string | URL): URL {
  const text = String(url);
  try {
    return platform.pathToUrl && !SCHEME.test(text) ? platform.pathToUrl(text) : new URL(text, platform.baseUrl());
  } catch (cause) {
    throw new LitmusError("invalid-input", `${name} is not a URL: ${text}`, { cause });
  }
}

/** The URL of the file at `path`, relative to `url` and with the query of `url`, which may have an access token. `path` is not encoded. */
export function resolveBeside(url: string | URL, path: string): string {
  const beside = new URL(encodeURIComponent(path).replaceAll("%2F", "/"), url);
  beside.search = new URL(url).search;
  return beside.href;
}
