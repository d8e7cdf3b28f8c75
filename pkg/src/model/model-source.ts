import { LitmusError } from "../shared/errors.js";
import { ANYTHING, check, isObject, mustBe } from "../shared/validate.js";
import { installed } from "../platform/vite.js";
import { platform } from "../platform/platform.js";
import { read } from "./download.js";
import type { FileCandidate, ModelBlobs, ModelCandidates, ModelSource, OnProgress, Role } from "../shared/protocol.js";
import type { ClassifierOptions, ModelFiles } from "../shared/types.js";

// Runs in the page: what `model` can be, to what can be sent to a worker.

/** Where the files of a model are in a folder of Hugging Face layout: the first that is there counts. */
const LAYOUT = {
  config: ["config.json"],
  tokenizer: ["tokenizer.json"],
  model: ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"],
  manifest: ["litmus.json"],
} satisfies Record<Role, string[]>;

const ROLES = Object.keys(LAYOUT) as Role[];

/** An object with something for each role. */
const forRoles = <T>(role: (role: Role) => T) => Object.fromEntries(ROLES.map((each) => [each, role(each)])) as Record<Role, T>;

/** The files of the packaged model. Spelt out one by one: bundlers copy what stands like this. */
function packaged(): ModelCandidates {
  const place = (path: string, url: URL): FileCandidate[] => [{ path, url: installed(url) }];
  return {
    config: place("config.json", new URL("../models/sentiment/config.json", import.meta.url)),
    tokenizer: place("tokenizer.json", new URL("../models/sentiment/tokenizer.json", import.meta.url)),
    model: place("model.onnx", new URL("../models/sentiment/model.onnx", import.meta.url)),
    manifest: place("litmus.json", new URL("../models/sentiment/litmus.json", import.meta.url)),
  };
}

function inFolder(model: string | URL): ModelCandidates {
  let folder: URL;
  try {
    folder = new URL(model, platform.base());
  } catch (cause) {
    throw new LitmusError("invalid-input", `model is not a URL: ${model}`, { cause });
  }
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return forRoles((role) => LAYOUT[role].map((path) => ({ path, url: new URL(path, folder).href })));
}

/** The files of a picked or dropped folder, found by their place in it. */
function inList(list: Iterable<File>): ModelBlobs {
  const byPath = new Map<string, File>();
  // The path that a folder picker gives begins with the folder's own name.
  for (const file of list) byPath.set(file.webkitRelativePath?.split("/").slice(1).join("/") || file.name, file);
  return forRoles((role) => {
    const path = LAYOUT[role].find((each) => byPath.has(each));
    if (path !== undefined) return { path, blob: byPath.get(path) as File };
    if (role === "manifest") return undefined;
    throw new LitmusError("model-not-found", `none of the files given is ${LAYOUT[role].join(" or ")}`);
  }) as ModelBlobs;
}

async function given(files: ModelFiles, onProgress: OnProgress, signal: AbortSignal): Promise<ModelBlobs> {
  check(files, forRoles(() => ANYTHING), "model");
  const get = async (role: Role) => {
    const path = LAYOUT[role][0] as string;
    const file: unknown = files[role];
    const part = file instanceof Response && !file.bodyUsed ? await read(file, path, onProgress, signal) : file;
    if (part instanceof Blob || part instanceof ArrayBuffer || part instanceof Uint8Array) {
      return { path, blob: new Blob([part as BlobPart]) };
    }
    if (role === "manifest" && file === undefined) return undefined;
    throw mustBe(`model.${role}`, "bytes, a Blob or a Response that nobody has read", file);
  };
  return Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await get(role)])));
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
  if (!isObject(model)) throw mustBe("model", "a URL or files", model);
  return { from: "files", files: isList(model) ? inList(model) : await given(model, onProgress, signal) };
}
