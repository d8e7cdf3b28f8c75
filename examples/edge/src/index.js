// The prediction service on Cloudflare Workers, or wherever workerd runs.
import { waitUntil } from "cloudflare:workers";
import { createClassifier } from "litmus-text";
import { createHandler } from "litmus-text/handler";
import { kv } from "./caches.js";

/** The model comes from the assets, which hold the package's folder `models`. */
async function load(assets) {
  const get = (file) => assets.fetch(`http://assets/sentiment/${file}`);
  const [config, tokenizer, model, manifest] = await Promise.all(
    ["config.json", "tokenizer.json", "model.onnx", "litmus.json"].map(get),
  );
  return createClassifier({ model: { config, tokenizer, model, manifest } });
}

/** The first request starts the load, the others need it too: it goes on when that one's client has gone away. */
function loadForAll(assets) {
  const loading = load(assets);
  waitUntil(loading);
  return loading;
}

let handler;

export default {
  fetch(request, { ASSETS, RESULTS }, context) {
    handler ??= createHandler({
      classifier: () => loadForAll(ASSETS),
      loadTime: 30_000,
      ...(RESULTS && { cache: kv(RESULTS) }),
    });
    return handler(request, context);
  },
};
