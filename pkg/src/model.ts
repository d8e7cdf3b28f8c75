import { LitmusError } from "./errors.js";
import { checkKeys } from "./input.js";
import { asked, openFirst, openOptional, platform, read, type OnProgress } from "./load.js";
import type { ModelFile, ModelFiles } from "./types.js";

/** The bytes of a model, as the wasm side takes them. */
export interface ModelBytes {
  config: Uint8Array;
  tokenizer: Uint8Array;
  model: Uint8Array;
  manifest?: Uint8Array;
}

/** Where each file of a model may be: the first that is there counts. */
interface ModelUrls {
  config: URL;
  tokenizer: URL;
  model: URL[];
  manifest: URL;
}

/** The files of the packaged model. Spelt out one by one: bundlers copy what stands like this. */
export function packagedModel(): ModelUrls {
  return {
    config: new URL("../models/sentiment/config.json", import.meta.url),
    tokenizer: new URL("../models/sentiment/tokenizer.json", import.meta.url),
    model: [new URL("../models/sentiment/model.onnx", import.meta.url)],
    manifest: new URL("../models/sentiment/litmus.json", import.meta.url),
  };
}

/** The files of a folder in Hugging Face layout. */
export function modelFolder(model: string | URL): ModelUrls {
  let folder: URL;
  try {
    folder = new URL(model, platform.base());
  } catch (cause) {
    throw new LitmusError("invalid-input", `model is not a URL: ${model}`, { cause });
  }
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return {
    config: new URL("config.json", folder),
    tokenizer: new URL("tokenizer.json", folder),
    model: ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"].map((path) => new URL(path, folder)),
    manifest: new URL("litmus.json", folder),
  };
}

/** File sizes in bytes as litmus.json gives them. What is wrong with it otherwise, wasm will say. */
function sizesIn(manifest: Uint8Array | undefined): (file: string) => number | undefined {
  try {
    const { files } = JSON.parse(new TextDecoder().decode(manifest));
    return (file) => (Number.isSafeInteger(files[file]?.bytes) ? files[file].bytes : undefined);
  } catch {
    return () => undefined;
  }
}

/** Fetches the files of a model side by side. */
export async function fetchModel(urls: ModelUrls, onProgress: OnProgress): Promise<ModelBytes> {
  const manifest = openOptional(urls.manifest).then((response) => response && read(response, "litmus.json", onProgress));
  const get = async (file: string, ...from: URL[]) => {
    asked(file, onProgress);
    const response = await openFirst(...from);
    // The small manifest was asked for first; its sizes make the progress exact from the start.
    return read(response, file, onProgress, sizesIn(await manifest)(file));
  };
  const [config, tokenizer, model, litmus] = await Promise.all([
    get("config.json", urls.config),
    get("tokenizer.json", urls.tokenizer),
    get("model.onnx", ...urls.model),
    manifest,
  ]);
  return withManifest({ config, tokenizer, model }, litmus);
}

/** Reads the files of a model that the caller brought. */
export async function readModel(files: ModelFiles, onProgress: OnProgress): Promise<ModelBytes> {
  checkKeys(files, ["config", "tokenizer", "model", "manifest"], "model");
  const get = (role: keyof ModelFiles, file: string) => bytesOf(files[role], role, file, onProgress);
  const [config, tokenizer, model, manifest] = await Promise.all([
    get("config", "config.json"),
    get("tokenizer", "tokenizer.json"),
    get("model", "model.onnx"),
    files.manifest === undefined ? undefined : get("manifest", "litmus.json"),
  ]);
  return withManifest({ config, tokenizer, model }, manifest);
}

async function bytesOf(
  given: ModelFile | undefined,
  role: string,
  file: string,
  onProgress: OnProgress,
): Promise<Uint8Array> {
  if (given instanceof Uint8Array) return given;
  if (given instanceof ArrayBuffer) return new Uint8Array(given);
  if (given instanceof Response) {
    if (!given.ok) throw new LitmusError("model-not-found", `could not load ${given.url}: status ${given.status}`);
    if (given.bodyUsed) throw new LitmusError("invalid-input", `model.${role} is a Response that was read before`);
    return read(given, file, onProgress);
  }
  if (given instanceof Blob) return new Uint8Array(await given.arrayBuffer());
  throw new LitmusError("invalid-input", `model.${role} must be bytes, a Blob or a Response`);
}

function withManifest(bytes: ModelBytes, manifest: Uint8Array | undefined): ModelBytes {
  return manifest ? { ...bytes, manifest } : bytes;
}
