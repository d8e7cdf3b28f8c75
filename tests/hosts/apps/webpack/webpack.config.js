// What a page needs is found by webpack itself: the worker, the wasm and the model.
export default {
  mode: "production",
  entry: "./main.js",
  output: { path: `${import.meta.dirname}/js` },
  performance: { hints: false },
};
