// No settings for the package: webpack finds the worker, the wasm and the model by itself.
export default {
  mode: "production",
  entry: "./main.js",
  output: { path: `${import.meta.dirname}/js` },
  performance: { hints: false },
};
