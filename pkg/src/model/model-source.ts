import { packageUrl } from "../platform/package-url.js";
import { platform } from "../platform/platform.js";
import { resolveBeside, resolveUrl } from "../platform/resolve-url.js";
import { LitmusError } from "../shared/errors.js";
import { inOrder } from "../shared/in-order.js";
import type { ClassifierOptions, ModelFiles, ModelUrls } from "../shared/model-types.js";
import type {
  CacheMode,
  FolderSource,
  ModelBlobs,
  ModelCandidates,
  ModelSource,
  OnProgress,
  OptionalRole,
  Role,
} from "../shared/protocol.js";
import { ANYTHING, checkOptions, isA, isBytes, isObject, wrongValue } from "../shared/validate.js";
import { readBody } from "./download.js";
import { LAYOUT, ROLES } from "./layout.js";

const isOptional = (role: Role): role is OptionalRole => role === "manifest" || role === "tokenizerConfig";

/** An object with a value for each role. */
const mapRoles = <T>(value: (role: Role) => T) =>
  Object.fromEntries(ROLES.map((role) => [role, value(role)])) as Record<Role, T>;

/** The packaged model. Bundlers copy a file whose URL is written exactly like this, relative to the bundle in dist/. */
function packagedModel(): ModelUrls {
  const file = (path: string, url: URL) => new URL(packageUrl(`models/english/${path}`, url));
  const head = (name: string, url: URL) => file(`heads/${name}.head`, url);
  return {
    config: file("config.json", new URL("../models/english/config.json", import.meta.url)),
    tokenizer: file("tokenizer.json", new URL("../models/english/tokenizer.json", import.meta.url)),
    model: file("model.onnx", new URL("../models/english/model.onnx", import.meta.url)),
    manifest: file("litmus.json", new URL("../models/english/litmus.json", import.meta.url)),
    heads: {
      sentiment: head("sentiment", new URL("../models/english/heads/sentiment.head", import.meta.url)),
      emotion: head("emotion", new URL("../models/english/heads/emotion.head", import.meta.url)),
      toxicity: head("toxicity", new URL("../models/english/heads/toxicity.head", import.meta.url)),
      embedding: head("embedding", new URL("../models/english/heads/embedding.head", import.meta.url)),
    },
  };
}

/** The candidates for the files in the folder at a URL. */
function folderCandidates(model: string | URL): ModelCandidates {
  const folder = resolveUrl("model", model);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return mapRoles((role) => LAYOUT[role].map((path) => ({ path, url: resolveBeside(folder, path) })));
}

/** The one candidate for each file of a model whose files have URLs of their own, and the URLs of its heads. */
function urlCandidates(urls: ModelUrls): Pick<FolderSource, "candidates" | "heads"> {
  checkOptions(urls, { ...mapRoles(() => ANYTHING), heads: ANYTHING }, "model");
  const urlOf = (name: string, url: unknown) => {
    if (!isA(url, "URL")) throw wrongValue(`model.${name}`, "a URL", url);
    return url.href;
  };
  const heads = Object.entries(urls.heads ?? {}).map(([task, url]) => [task, urlOf(`heads["${task}"]`, url)]);
  return {
    candidates: mapRoles((role) =>
      isOptional(role) && urls[role] === undefined ? [] : [{ path: LAYOUT[role][0], url: urlOf(role, urls[role]) }],
    ),
    heads: Object.fromEntries(heads),
  };
}

/** The files of a model in a folder that the user picked or dropped. */
function pickedFiles(list: Iterable<File>): ModelBlobs {
  // The path from a folder picker begins with the folder's own name.
  const pathOf = ({ webkitRelativePath, name }: File) => webkitRelativePath?.split("/").slice(1).join("/") || name;
  return modelOf(Array.from(list, (file) => [pathOf(file), file]));
}

/**
 * The files of a model, found by their paths in its folder.
 *
 * @throws LitmusError `model-not-found` if one is missing
 */
export function modelOf(files: [path: string, blob: Blob][]): ModelBlobs {
  const all = files.map(([path, blob]) => ({ path, blob }));
  const byRole = mapRoles((role) => {
    for (const path of LAYOUT[role]) {
      const found = all.find((file) => file.path === path);
      if (found) return found;
    }
    if (isOptional(role)) return undefined;
    throw new LitmusError("model-not-found", `none of the files given is ${LAYOUT[role].join(" or ")}`);
  });
  return { ...byRole, all } as ModelBlobs;
}

/** The files of a model that were given one by one. Responses are read. */
async function readGivenFiles(files: ModelFiles, onProgress: OnProgress, signal: AbortSignal): Promise<ModelBlobs> {
  checkOptions(files, { ...mapRoles(() => ANYTHING), data: ANYTHING, heads: ANYTHING }, "model");
  const readGiven = async (name: string, path: string, file: unknown): Promise<[string, Blob]> => {
    const part = isA(file, "Response") && !file.bodyUsed ? await readBody(file, path, onProgress, signal) : file;
    if (isBytes(part) || isA(part, "Blob") || isA(part, "File")) return [path, new Blob([part])];
    throw wrongValue(`model.${name}`, "bytes, a Blob or an unread Response", file);
  };
  const roles = ROLES.filter((role) => !isOptional(role) || files[role] !== undefined);
  const readAll = (key: "data" | "heads", pathOf: (name: string) => string) =>
    Object.entries(files[key] ?? {}).map(([name, file]) => readGiven(`${key}["${name}"]`, pathOf(name), file));
  return modelOf(
    await inOrder([
      ...roles.map((role) => readGiven(role, LAYOUT[role][0], files[role])),
      ...readAll("data", (name) => name),
      ...readAll("heads", (task) => `heads/${task}.head`),
    ]),
  );
}

/**
 * Turns the option `model` into a source that can be sent to a worker.
 *
 * @throws LitmusError `invalid-input`, `model-not-found` if one of the files given is missing; the codes of `readBody` for a `Response`
 */
export async function sourceOf(
  model: ClassifierOptions["model"],
  cache: CacheMode,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelSource> {
  if (model === undefined) {
    if (platform.module) throw new LitmusError("model-not-found", "workerd has no files: pass a model as { model }");
    return { from: "folder", ...urlCandidates(packagedModel()), cache };
  }
  if (typeof model === "string" || isA(model, "URL"))
    return { from: "folder", candidates: folderCandidates(model), cache };
  if (!isObject(model)) throw wrongValue("model", "a URL or files", model);
  if (Symbol.iterator in model) return { from: "files", files: pickedFiles(model) };
  if (isA(model.model, "URL")) return { from: "folder", ...urlCandidates(model as ModelUrls), cache };
  return { from: "files", files: await readGivenFiles(model as ModelFiles, onProgress, signal) };
}
