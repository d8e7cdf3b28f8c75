import { LitmusError } from "./errors.js";
import { checkKeys } from "./input.js";
import { installed } from "./installed.js";
import { platform, read, type OnProgress } from "./load.js";
import type { FilePlace, ModelBlob, ModelBlobs, ModelPlaces, ModelSource, Role } from "./protocol.js";
import type { ClassifierOptions, ModelFiles } from "./types.js";

// Runs in the page: what `model` can be, to what can be sent to a worker.

/** Where the files of a model are in a folder of Hugging Face layout: the first that is there counts. */
const LAYOUT = {
  config: ["config.json"],
  tokenizer: ["tokenizer.json"],
  model: ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"],
  manifest: ["litmus.json"],
} satisfies Record<Role, string[]>;

const ROLES = Object.keys(LAYOUT) as Role[];

/** The files of the packaged model. Spelt out one by one: bundlers copy what stands like this. */
function packaged(): ModelPlaces {
  const place = (path: string, url: URL): FilePlace[] => [{ path, url: installed(url) }];
  return {
    config: place("config.json", new URL("../models/sentiment/config.json", import.meta.url)),
    tokenizer: place("tokenizer.json", new URL("../models/sentiment/tokenizer.json", import.meta.url)),
    model: place("model.onnx", new URL("../models/sentiment/model.onnx", import.meta.url)),
    manifest: place("litmus.json", new URL("../models/sentiment/litmus.json", import.meta.url)),
  };
}

function inFolder(model: string | URL): ModelPlaces {
  let folder: URL;
  try {
    folder = new URL(model, platform.base());
  } catch (cause) {
    throw new LitmusError("invalid-input", `model is not a URL: ${model}`, { cause });
  }
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  const places = ROLES.map((role) => [role, LAYOUT[role].map((path) => ({ path, url: new URL(path, folder).href }))]);
  return Object.fromEntries(places);
}

/** The files of a picked or dropped folder, found by their place in it. */
function inList(list: Iterable<File>): ModelBlobs {
  const byPath = new Map<string, File>();
  // The path that a folder picker gives begins with the folder's own name.
  for (const file of list) byPath.set(file.webkitRelativePath?.split("/").slice(1).join("/") || file.name, file);
  const find = (role: Role): ModelBlob | undefined => {
    const path = LAYOUT[role].find((each) => byPath.has(each));
    return path === undefined ? undefined : { path, blob: byPath.get(path) as File };
  };
  const need = (role: Role): ModelBlob => {
    const found = find(role);
    if (found) return found;
    throw new LitmusError("model-not-found", `none of the files given is ${LAYOUT[role].join(" or ")}`);
  };
  return { config: need("config"), tokenizer: need("tokenizer"), model: need("model"), manifest: find("manifest") };
}

async function given(files: ModelFiles, onProgress: OnProgress, signal: AbortSignal): Promise<ModelBlobs> {
  checkKeys(files, ROLES, "model");
  const described = files.manifest !== undefined; // asked here: a getter that throws later would leave what follows unheard
  const get = async (role: Role) => {
    const path = LAYOUT[role][0] as string;
    const file: unknown = files[role];
    if (file instanceof Blob) return { path, blob: file };
    if (file instanceof ArrayBuffer || file instanceof Uint8Array) return { path, blob: new Blob([file as BlobPart]) };
    if (file instanceof Response && !file.bodyUsed) {
      return { path, blob: new Blob([await read(file, path, onProgress, signal)]) };
    }
    throw new LitmusError("invalid-input", `model.${role} must be bytes, a Blob or a Response that nobody has read`);
  };
  const [config, tokenizer, model, manifest] = await Promise.all([
    get("config"),
    get("tokenizer"),
    get("model"),
    described ? get("manifest") : undefined,
  ]);
  return { config, tokenizer, model, manifest };
}

function isList(model: ModelFiles | Iterable<File>): model is Iterable<File> {
  return Symbol.iterator in model;
}

/** What `createClassifier` is told about the model, in a form that every thread understands. */
export async function sourceOf(
  model: ClassifierOptions["model"],
  cache: boolean,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelSource> {
  if (model === undefined) {
    if (platform.module) throw new LitmusError("model-not-found", "here `model` must be the files of a model");
    return { from: "folder", places: packaged(), cache };
  }
  if (typeof model === "string" || model instanceof URL) return { from: "folder", places: inFolder(model), cache };
  if (model === null || typeof model !== "object") throw new LitmusError("invalid-input", "model must be a URL or files");
  return { from: "files", files: isList(model) ? inList(model) : await given(model, onProgress, signal) };
}
