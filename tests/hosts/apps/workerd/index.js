import { createClassifier } from "litmus-text";

let classifier;

/** Loads the model from the assets, which contain the package's folder `models`. */
async function load(assets) {
  const get = (file) => assets.fetch(`http://assets/english/${file}`);
  const [config, tokenizer, model, manifest] = await Promise.all(
    ["config.json", "tokenizer.json", "model.onnx", "litmus.json"].map(get),
  );
  return createClassifier({ model: { config, tokenizer, model, manifest } });
}

export default {
  async fetch(request, env) {
    classifier ??= load(env.ASSETS).catch((error) => {
      classifier = undefined; // the next request tries again
      throw error;
    });
    const { label, score } = await (await classifier).predict(await request.text());
    return new Response(`${label} ${score}`);
  },
};
