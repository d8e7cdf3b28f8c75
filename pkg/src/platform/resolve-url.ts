import { LitmusError } from "../shared/errors.js";
import { platform } from "./platform.js";

/** A URL's scheme, of two letters or more: a single letter is a drive of Windows. */
const SCHEME = /^[a-z][a-z\d+.-]+:/i;

/**
 * The URL that the option `name` gives: in pages relative to the page; in Node, Deno and Bun a string without a scheme is the
 * path of a file.
 */
export function resolveUrl(name: string, url: string | URL): URL {
  const text = String(url);
  try {
    return platform.pathToUrl && !SCHEME.test(text) ? platform.pathToUrl(text) : new URL(text, platform.baseUrl());
  } catch (cause) {
    throw new LitmusError("invalid-input", `${name} is not a URL: ${text}`, { cause });
  }
}

/** The URL of a file in the folder of another one, with its query: an access token, for instance. */
export function resolveBeside(url: string | URL, path: string): string {
  const beside = new URL(path, url);
  beside.search = new URL(url).search;
  return beside.href;
}
