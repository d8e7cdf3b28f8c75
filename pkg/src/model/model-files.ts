import { resolveBeside } from "../platform/resolve-url.js";
import { throwIfAborted } from "../shared/abort.js";
import { toLitmusError } from "../shared/errors.js";
import { inOrder } from "../shared/in-order.js";
import type {
  ByRole,
  FileCandidate,
  FolderSource,
  HeadSource,
  ManifestInfo,
  ModelBlob,
  ModelBlobs,
  ModelSource,
  OnProgress,
  OptionalRole,
  Role,
} from "../shared/protocol.js";
import { NO_CHECKSUM, readStored, removeStored, store, storedVersion, versionOf } from "./cache.js";
import { verifyChecksum } from "./checksum.js";
import { isCurrent, type Opened, openFirst, openUrl, readBody, reportStart } from "./download.js";
import { externalFiles, siblingPath } from "./external-data.js";
import { headName, isHead } from "./heads.js";
import { LAYOUT } from "./layout.js";

type Bytes = Uint8Array<ArrayBuffer>;

interface DownloadedFile {
  /** Its path in the model's folder. */
  path: string;
  bytes: Bytes;
  /** The SHA-256 that it was compared with. */
  sha256?: string | undefined;
  /** Stores the file. Resolves to whether it can now be read again without a network. Not set if it could be before. */
  store?: () => boolean | Promise<boolean>;
}

/** The entry of a file in litmus.json. */
interface ManifestEntry {
  bytes?: number | undefined;
  sha256?: string | undefined;
}

/** The entry of the file at a path. Without one in litmus.json, its fields are `undefined`. */
type EntryOf = (path: string) => ManifestEntry;

/** What the download needs of litmus.json. */
interface Manifest {
  entryOf: EntryOf;
  /** Whether the folder may have the file: litmus.json lists it, or lists no files. */
  mayHave: (path: string) => boolean;
  /** The paths of the heads. */
  heads: string[];
  metrics: ManifestInfo["metrics"];
}

/** Reads the files of a model from one kind of source. */
interface ModelReader {
  manifest(): Promise<DownloadedFile | undefined>;
  file(role: Exclude<Role, OptionalRole>, entryOf: EntryOf): Promise<DownloadedFile>;
  tokenizerConfig(manifest: Manifest): Promise<DownloadedFile | undefined>;
  /**
   * Folder: the files of these names beside the graph. Given files: those of these names that were given, and all heads; a folder's
   * heads are read when first used.
   */
  others(graph: DownloadedFile, names: string[], entryOf: EntryOf): Promise<DownloadedFile[]>;
}

/** Reads the parts of litmus.json that the download needs. Errors in the file are reported when the model is loaded. */
export function parseManifest(bytes: Bytes | undefined): Manifest {
  let files: Record<string, { bytes?: unknown; sha256?: unknown }> = {};
  let metrics: unknown;
  try {
    const parsed = JSON.parse(new TextDecoder().decode(bytes));
    files = parsed.files ?? {};
    metrics = parsed.metrics;
  } catch {
    // There is no litmus.json, or it is not JSON.
  }
  return {
    heads: Object.keys(files).filter(isHead),
    mayHave: (path) => Object.keys(files).length === 0 || Object.hasOwn(files, path),
    entryOf: (path) => {
      const { bytes, sha256 } = files[path] ?? {};
      return {
        bytes: Number.isSafeInteger(bytes) ? (bytes as number) : undefined,
        sha256: sha256 && typeof sha256 === "string" ? sha256.toLowerCase() : undefined,
      };
    },
    metrics: metrics && typeof metrics === "object" ? (metrics as Record<string, unknown>) : null,
  };
}

/** Reads files that the caller passed. */
function blobReader(files: ModelBlobs): ModelReader {
  const readBlob = async ({ path, blob }: ModelBlob, { sha256 }: ManifestEntry) => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    await verifyChecksum(bytes, sha256, path);
    return { path, bytes, sha256 };
  };
  return {
    manifest: async () => files.manifest && readBlob(files.manifest, {}),
    file: (role, entryOf) => readBlob(files[role], entryOf(files[role].path)),
    tokenizerConfig: async ({ entryOf }) => {
      const file = files.tokenizerConfig;
      return file && readBlob(file, entryOf(file.path));
    },
    others: (graph, names, entryOf) => {
      const siblings = names.map((name) => siblingPath(graph.path, name));
      const found = files.all?.filter(({ path }) => isHead(path) || siblings.includes(path)) ?? [];
      return inOrder(found.map((file) => readBlob(file, entryOf(file.path))));
    },
  };
}

/** Reads the files of a folder: from the cache if it has their current versions, else from the network. */
class FolderReader implements ModelReader {
  readonly #source: FolderSource;
  readonly #onProgress: OnProgress;
  readonly #signal: AbortSignal;

  constructor(source: FolderSource, onProgress: OnProgress, signal: AbortSignal) {
    this.#source = source;
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  async manifest(): Promise<DownloadedFile | undefined> {
    const { candidates, stored } = this.#source;
    const [candidate] = candidates.manifest;
    if (!candidate) return undefined;
    const [config] = candidates.config as [FileCandidate];
    const readStoredCopy = () => this.#readFromCache(candidate, NO_CHECKSUM, candidate.path);
    const current = stored && (await readStoredCopy());
    if (current) return current;
    try {
      const opened = await openUrl(new URL(candidate.url), this.#signal, "no-cache");
      if ("reason" in opened) return opened.fetchError ? await readStoredCopy() : undefined;
      // Nothing has the checksum of litmus.json itself. With an empty one it is stored nevertheless, without a version.
      return await this.#readResponse(opened, candidate, () => ({ sha256: NO_CHECKSUM }), candidate.path);
    } catch (error) {
      const { code } = toLitmusError(error);
      if (code === "model-not-found") return undefined;
      if (code !== "download-failed") throw error;
      const copy = await readStoredCopy();
      // No connection and no stored litmus.json: continue without one only if config.json is stored, because then the folder had none.
      if (copy || (await this.#openCurrent(config.url))) return copy;
      throw error;
    }
  }

  async file(role: Exclude<Role, OptionalRole>, entryOf: EntryOf): Promise<DownloadedFile> {
    const candidates = this.#source.candidates[role] as [FileCandidate];
    const file = candidates[0].path; // the name in progress events, whichever candidate exists
    reportStart(file, this.#onProgress);
    return this.read(candidates, entryOf, file);
  }

  async tokenizerConfig({ entryOf, mayHave }: Manifest): Promise<DownloadedFile | undefined> {
    const [candidate] = this.#source.candidates.tokenizerConfig;
    if (!candidate || !mayHave(candidate.path)) return undefined;
    const { path, url } = candidate;
    if (entryOf(path).sha256 !== undefined) return this.read([candidate], entryOf, path);
    const stored = await this.#readFromCache(candidate, undefined, path);
    if (stored) return stored;
    const opened = await this.#openOptional(url);
    return opened && this.#readResponse(opened, candidate, entryOf, path);
  }

  /**
   * Opens a file that a folder may lack. Resolves to `undefined` if there is none, and without a connection: of a stored folder, only
   * what it lacks is asked for. Any other failure ends the load, because the model would predict otherwise without the file.
   */
  async #openOptional(url: string): Promise<Opened | undefined> {
    try {
      const opened = await openUrl(new URL(url), this.#signal, "default");
      return "reason" in opened ? undefined : opened;
    } catch (error) {
      throwIfAborted(this.#signal);
      const { code, cause } = toLitmusError(error);
      const isOffline = code === "download-failed" && cause !== undefined; // a status has no cause
      if (isOffline) return undefined;
      throw error;
    }
  }

  others({ path }: DownloadedFile, names: string[], entryOf: EntryOf): Promise<DownloadedFile[]> {
    const graph = this.#source.candidates.model.find((candidate) => candidate.path === path) as FileCandidate;
    const readBeside = (name: string) => {
      const file = { path: siblingPath(path, name), url: resolveBeside(graph.url, name) };
      reportStart(file.path, this.#onProgress);
      return this.read([file], entryOf, file.path);
    };
    return inOrder(names.map(readBeside));
  }

  /** Reads the first of the candidates that is in the cache, else the first that exists. `file` is its name in progress events. */
  async read(candidates: FileCandidate[], entryOf: EntryOf, file: string): Promise<DownloadedFile> {
    for (const candidate of candidates) {
      const found = await this.#readFromCache(candidate, entryOf(candidate.path).sha256, file);
      if (found) return found;
    }
    return this.#readFromNetwork(candidates, entryOf, file);
  }

  /** Reads a stored copy. Resolves to `undefined` if there is no current one. A damaged copy is removed. */
  async #readFromCache({ path, url }: FileCandidate, sha256: string | undefined, file: string) {
    const { cache } = this.#source;
    const response = await (sha256 === undefined ? this.#openCurrent(url) : cache && readStored(url, sha256));
    if (!response) return undefined;
    try {
      const bytes = await readBody(response, file, this.#onProgress, this.#signal);
      await verifyChecksum(bytes, sha256, url);
      return { path, bytes, sha256 };
    } catch {
      throwIfAborted(this.#signal);
      await removeStored(url, sha256 ?? NO_CHECKSUM);
      return undefined;
    }
  }

  /** The stored copy of a file without a checksum, if the server has the same version or cannot be reached. */
  async #openCurrent(url: string) {
    const { cache, stored } = this.#source;
    const kept = cache === "always" ? await readStored(url, NO_CHECKSUM) : undefined;
    const version = kept && storedVersion(kept);
    if (!version) return undefined;
    return stored || (await isCurrent(url, version, this.#signal)) ? kept : undefined;
  }

  async #readFromNetwork(candidates: FileCandidate[], entryOf: EntryOf, file: string) {
    // With a checksum, the server is asked whether the copy in the HTTP cache is current: an old one would not match.
    const hasChecksum = candidates.some(({ path }) => entryOf(path).sha256 !== undefined);
    const { response, candidate } = await openFirst(candidates, this.#signal, hasChecksum ? "no-cache" : "default");
    return this.#readResponse(response, candidate, entryOf, file);
  }

  async #readResponse(response: Opened, { path, url }: FileCandidate, entryOf: EntryOf, file: string) {
    const { cache } = this.#source;
    const { sha256, bytes: size } = entryOf(path);
    const version = sha256 === undefined && cache === "always" ? versionOf(response) : undefined;
    const bytes = await readBody(response, file, this.#onProgress, this.#signal, size);
    await verifyChecksum(bytes, sha256, url);
    const canStore = cache && (sha256 !== undefined || version);
    return {
      path,
      bytes,
      sha256,
      store: () =>
        !url.startsWith("http") || (canStore ? store({ path, url }, sha256 ?? NO_CHECKSUM, bytes, version) : false),
    };
  }
}

/** The files of the heads that litmus.json lists. */
function headFiles(folder: FolderSource, { heads, entryOf }: Manifest): HeadSource[] {
  const [manifest] = folder.candidates.manifest as [FileCandidate];
  return heads.map((path) => {
    const name = headName(path);
    return { name, path, url: folder.heads?.[name] ?? resolveBeside(manifest.url, path), ...entryOf(path), folder };
  });
}

/** Reads the file of a head in a folder, and stores it. */
export async function readHeadFile(head: HeadSource, signal: AbortSignal): Promise<Bytes> {
  const { bytes, store } = await new FolderReader(head.folder, undefined, signal).read([head], () => head, head.path);
  await store?.();
  return bytes;
}

/**
 * Reads the files of a model. `files` has their bytes, by the names under which WebAssembly expects them. `storeFiles` stores all
 * of them, and resolves to the source from which other threads read them.
 *
 * @throws LitmusError `checksum-mismatch`, the codes of `openFirst` and `readBody`
 */
export async function readModel(
  source: ModelSource,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<{
  files: Record<string, Bytes>;
  info: ManifestInfo;
  storeFiles: () => Promise<ModelSource>;
}> {
  const reader = source.from === "files" ? blobReader(source.files) : new FolderReader(source, onProgress, signal);
  // litmus.json is read first, because it has the checksums of the others.
  const manifest = await reader.manifest();
  const parsed = parseManifest(manifest?.bytes);
  const { entryOf, metrics } = parsed;
  const [config, tokenizer, model, tokenizerConfig] = await inOrder([
    reader.file("config", entryOf),
    reader.file("tokenizer", entryOf),
    reader.file("model", entryOf),
    reader.tokenizerConfig(parsed),
  ]);
  // If the caller passed the files and one of these is missing, loading the model reports it.
  const others = await reader.others(model, externalFiles(model.bytes), entryOf);
  const byRole = { config, tokenizer, model, tokenizerConfig, manifest };
  const fileInfo = [config, tokenizer, tokenizerConfig, model, ...others].flatMap((file) =>
    file ? [{ path: file.path, bytes: file.bytes.byteLength, sha256: file.sha256 || null }] : [],
  );
  return {
    files: Object.fromEntries([
      ...Object.entries(byRole).flatMap(([role, file]) => (file ? [[LAYOUT[role as Role][0], file.bytes]] : [])),
      ...others.map(({ path, bytes }) => [isHead(path) ? path : path.replace(/.*\//, ""), bytes]),
    ]),
    info: { files: fileInfo, metrics, heads: source.from === "folder" ? headFiles(source, parsed) : [] },
    storeFiles: () => storeAll(source, byRole, others),
  };
}

/** Stores the files. Resolves to the same source if all of them are stored now, else to one that holds their bytes. */
async function storeAll(
  source: ModelSource,
  files: ByRole<DownloadedFile>,
  others: DownloadedFile[],
): Promise<ModelSource> {
  const stored = await Promise.all([...Object.values(files), ...others].map((file) => file?.store?.() ?? true));
  if (stored.every(Boolean)) return source.from === "folder" ? { ...source, stored: true } : source;
  const blob = ({ path, bytes }: DownloadedFile) => ({ path, blob: new Blob([bytes]) });
  const blobs = Object.entries(files).map(([role, file]) => [role, file && blob(file)]);
  return { from: "files", files: { ...Object.fromEntries(blobs), all: others.map(blob) } };
}
