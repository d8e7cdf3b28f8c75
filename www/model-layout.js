/**
 * The paths of a model's files in a folder of Hugging Face layout, as the package tries them: the first that exists is taken.
 * A unit test compares them with the package's.
 */
export const LAYOUT = {
  config: ["config.json"],
  tokenizer: ["tokenizer.json"],
  tokenizerConfig: ["tokenizer_config.json"],
  model: ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"],
  manifest: ["litmus.json"],
};
