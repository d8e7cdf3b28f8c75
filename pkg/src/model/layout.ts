import type { Role } from "../shared/protocol.js";

/**
 * The paths of the files in a folder of Hugging Face layout. The first that exists is taken. WebAssembly gets each file under the
 * first of its paths, whichever was taken.
 */
export const LAYOUT: Record<Role, [string, ...string[]]> = {
  config: ["config.json"],
  tokenizer: ["tokenizer.json"],
  tokenizerConfig: ["tokenizer_config.json"],
  model: ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"],
  manifest: ["litmus.json"],
};

export const ROLES = Object.keys(LAYOUT) as Role[];
