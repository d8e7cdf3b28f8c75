// The prediction service on Cloudflare Workers, or on another host of workerd.
import { createClassifier } from "litmus-text";
import { createHandler } from "litmus-text/handler";
import { kv } from "./caches.js";

/** Loads the model from the static assets: the folder `models` of the package. */
async function loadClassifier(assets) {
  const fetchFile = (file) => assets.fetch(`http://assets/english/${file}`);
  const [config, tokenizer, model, manifest] = await Promise.all(
    ["config.json", "tokenizer.json", "model.onnx", "litmus.json"].map(fetchFile),
  );
  return createClassifier({ model: { config, tokenizer, model, manifest } });
}

let handler;

export default {
  fetch(request, { ASSETS, RESULTS }, context) {
    handler ??= createHandler({
      classifier: () => loadClassifier(ASSETS),
      ...(RESULTS && { cache: kv(RESULTS) }),
    });
    // With `context`, work that other requests share goes on when this request ends: the load of the model, for instance.
    return handler(request, context);
  },
};
