// The script that a page loads when it first teaches, loads a head, or asks for a task or embeddings: what only heads need, and where
// the heads of the packaged model are.
import { packageUrl } from "../platform/package-url.js";
import { packagedHeads } from "./head-files.js";
// Without these imports, esbuild moves what heads share with the page's script into further files, which compress less than one file.
import "./create-classifier.js";
import "./predict-with.js";
import "../shared/memoize.js";

export { heads } from "./heads.js";

/** Bundlers copy a file whose URL is written exactly like this, relative to the bundle in dist/. */
const urls: Record<string, () => URL> = {
  sentiment: () => new URL("../models/english/heads/sentiment.head", import.meta.url),
  emotion: () => new URL("../models/english/heads/emotion.head", import.meta.url),
  toxicity: () => new URL("../models/english/heads/toxicity.head", import.meta.url),
  embedding: () => new URL("../models/english/heads/embedding.head", import.meta.url),
};

packagedHeads.urlOf = ({ name, path }) => packageUrl(`models/english/${path}`, (urls[name] as () => URL)());
