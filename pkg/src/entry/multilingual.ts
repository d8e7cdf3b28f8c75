import { packageUrl } from "../platform/package-url.js";
import type { ModelUrls } from "../shared/model-types.js";

export type { ModelUrls } from "../shared/model-types.js";

// Bundlers copy a file whose URL is written exactly like this, relative to the bundle in dist/. They copy it only for those who
// import this module.
const file = (path: string, url: URL) => new URL(packageUrl(`models/multilingual/${path}`, url));

/**
 * The packaged multilingual model, for the option `model`: sentiment of Chinese, English, Spanish, French, German, Portuguese,
 * Italian, Hindi and Arabic. Its labels are those of the English model. Nothing is downloaded before a classifier is created.
 *
 * @example
 * import { createClassifier } from "litmus-text";
 * import { multilingual } from "litmus-text/multilingual";
 *
 * const classifier = await createClassifier({ model: multilingual });
 * const { label } = await classifier.predict("这部电影太好看了");
 */
export const multilingual: Readonly<ModelUrls> = {
  config: file("config.json", new URL("../models/multilingual/config.json", import.meta.url)),
  tokenizer: file("tokenizer.json", new URL("../models/multilingual/tokenizer.json", import.meta.url)),
  model: file("model.onnx", new URL("../models/multilingual/model.onnx", import.meta.url)),
  manifest: file("litmus.json", new URL("../models/multilingual/litmus.json", import.meta.url)),
  heads: {
    sentiment: file("heads/sentiment.head", new URL("../models/multilingual/heads/sentiment.head", import.meta.url)),
  },
};
