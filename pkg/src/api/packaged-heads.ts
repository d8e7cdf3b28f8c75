// The script that a page loads when it first teaches, loads a head, or asks for a task or embeddings: what only heads need, and where
// the heads of the packaged model are.
import { packageUrl } from "../platform/package-url.js";
import { packagedHeads } from "./head-files.js";
// All of the page's script, although heads need only parts of it. Otherwise the build would cut those parts out of it into a file of
// their own, and two files compress less than one.
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
