import { throwIfAborted } from "../shared/abort.js";
import { check, drop, keep, kept } from "./cache.js";
import { toLitmusError } from "../shared/errors.js";
import { asked, openFirst, read } from "./download.js";
import type { ManifestInfo, FileCandidate, ModelBlob, ModelBlobs, ModelSource, OnProgress, Role } from "../shared/protocol.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** litmus.json, which publishes the checksums of the others, has none: the network's is taken where there is one. */
const NO_CHECKSUM = "";

type All<T> = Record<Exclude<Role, "manifest">, T> & { manifest?: T | undefined };

/** The bytes of a model, as the WebAssembly side takes them. */
export type ModelBytes = All<Bytes>;

/** A file in hand. */
interface DownloadedFile {
  path: string;
  bytes: Bytes;
  /** What it was checked against. */
  sha256?: string | undefined;
  /** Has it stored, and says whether it can be had again without a network; where there is none, it can. */
  store?: () => boolean | Promise<boolean | undefined>;
}

type Folder = Extract<ModelSource, { from: "folder" }>;

/** What litmus.json says of a file. */
interface Entry {
  bytes?: number | undefined;
  sha256?: string | undefined;
}

type EntryOf = (path: string) => Entry;

/** What litmus.json says. What is wrong with it otherwise, WebAssembly will say. */
interface Manifest {
  entryOf: EntryOf;
  metrics: ManifestInfo["metrics"];
}

/** A way to come by the files of a model. */
interface Reader {
  manifest(): Promise<DownloadedFile | undefined>;
  file(role: Exclude<Role, "manifest">, entryOf: EntryOf): Promise<DownloadedFile>;
}

function parse(manifest: Bytes | undefined): Manifest {
  let files: Record<string, { bytes?: unknown; sha256?: unknown }> = {};
  let metrics: unknown;
  try {
    const parsed = JSON.parse(new TextDecoder().decode(manifest));
    files = parsed.files ?? {};
    metrics = parsed.metrics;
  } catch {
    // There is none, or it is no JSON.
  }
  return {
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

/** Reads files that the caller brought. */
function ofFiles(files: ModelBlobs): Reader {
  const read = async ({ path, blob }: ModelBlob, { sha256 }: Entry) => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    await check(bytes, sha256, path);
    return { path, bytes, sha256 };
  };
  return {
    manifest: async () => files.manifest && read(files.manifest, {}),
    file: (role, entryOf) => read(files[role], entryOf(files[role].path)),
  };
}

/** Reads the files of a folder: from the cache if it holds the versions that litmus.json names, else from the network. */
function ofFolder({ places, cache, stored }: Folder, onProgress: OnProgress, signal: AbortSignal): Reader {
  const fromCache = async ({ path, url }: FileCandidate, sha256: string | undefined, file: string) => {
    const response = cache && sha256 !== undefined && (await kept(url, sha256));
    if (!response) return undefined;
    try {
      const bytes = await read(response, file, onProgress, signal);
      await check(bytes, sha256, url);
      return { path, bytes, sha256 };
    } catch {
      throwIfAborted(signal);
      await drop(url, sha256);
      return undefined;
    }
  };

  const fromNetwork = async (from: FileCandidate[], entryOf: EntryOf, file: string) => {
    // Asks the server whether a copy of the browser's is still valid: an old one would not match litmus.json.
    const listed = from.some(({ path }) => entryOf(path).sha256 !== undefined);
    const { response, place } = await openFirst(from, signal, listed ? "no-cache" : "default");
    const { path, url } = place;
    const { sha256, bytes: size } = entryOf(path);
    const bytes = await read(response, file, onProgress, signal, size);
    await check(bytes, sha256, url);
    const store = () => !url.startsWith("http") || (cache && sha256 !== undefined && keep(url, sha256, bytes));
    return { path, bytes, sha256, store };
  };

  return {
    manifest: async () => {
      const [place] = places.manifest as [FileCandidate];
      const earlier = () => fromCache(place, NO_CHECKSUM, place.path);
      const known = stored && (await earlier());
      if (known) return known;
      try {
        return await fromNetwork([place], () => ({ sha256: NO_CHECKSUM }), place.path);
      } catch (error) {
        const { code } = toLitmusError(error);
        if (code === "model-not-found") return undefined;
        const last = code === "download-failed" && (await earlier());
        if (last) return last;
        throw error;
      }
    },
    file: async (role, entryOf) => {
      const from = places[role] as [FileCandidate];
      const file = from[0].path; // under this name its progress is reported, wherever it is
      asked(file, onProgress);
      for (const place of from) {
        const found = await fromCache(place, entryOf(place.path).sha256, file);
        if (found) return found;
      }
      return fromNetwork(from, entryOf, file);
    },
  };
}

/** Gets the files of a model, and what stores them and says how to get them again. Resolves to nothing if it has none. */
export async function getModel(
  source: ModelSource,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<{ files: ModelBytes; facts: ManifestInfo; again: () => Promise<ModelSource> } | undefined> {
  if (source.from === "module") return undefined;
  const reader = source.from === "files" ? ofFiles(source.files) : ofFolder(source, onProgress, signal);
  // First: it says what the others must be.
  const manifest = await reader.manifest();
  const { entryOf, metrics } = parse(manifest?.bytes);
  const [config, tokenizer, model] = await Promise.all([
    reader.file("config", entryOf),
    reader.file("tokenizer", entryOf),
    reader.file("model", entryOf),
  ]);
  const got = { config, tokenizer, model, manifest };
  const files = [config, tokenizer, model].map(({ path, bytes, sha256 }) => ({
    path,
    bytes: bytes.byteLength,
    sha256: sha256 || null,
  }));
  return {
    files: mapFiles(got, ({ bytes }) => bytes),
    facts: { files, metrics },
    again: () => sourceAgain(source, got),
  };
}

function mapFiles<T>(files: All<DownloadedFile>, value: (file: DownloadedFile) => T): All<T> {
  return Object.fromEntries(Object.entries(files).map(([role, file]) => [role, file && value(file)])) as All<T>;
}

/** How to get the files again: as the first time if they are stored, else from what is in hand. */
async function sourceAgain(source: ModelSource, files: All<DownloadedFile>): Promise<ModelSource> {
  const stored = await Promise.all(Object.values(files).map((file) => file?.store?.() ?? true));
  if (stored.every(Boolean)) return source.from === "folder" ? { ...source, stored: true } : source;
  return { from: "files", files: mapFiles(files, ({ path, bytes }) => ({ path, blob: new Blob([bytes]) })) };
}
