// Saves a file on the visitor's device, as a download.
import { make } from "./dom.js";

/** Milliseconds until the file's URL is released: the browser may read it later than the click. */
const RELEASE_MS = 60_000;

export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), RELEASE_MS);
}
