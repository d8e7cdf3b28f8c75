import { isCrossOrigin } from "../platform/origin.js";
import { type FileResponse, platform } from "../platform/platform.js";
import { abortError, throwIfAborted } from "../shared/abort.js";
import { LitmusError } from "../shared/errors.js";
import type { FileCandidate, OnProgress } from "../shared/protocol.js";
import { versionOf } from "./cache.js";
import { decodeDataUrl } from "./data-url.js";

/** An opened URL, whose body is not read yet. */
export type Opened = Response | FileResponse;

/** Why a file could not be opened at a URL. */
export interface Missing {
  reason: string;
  /** The error of `fetch`, if the connection failed or CORS forbids the response: a page cannot tell which. */
  fetchError?: unknown;
}

/** The statuses of a file that does not exist. Some hosts answer 403 instead of 404. */
const MISSING_STATUSES = [403, 404, 410];

/** Maximum size of a file in bytes. A small compressed response can decompress to more than a page's memory. */
const MAX_BYTES = 2 ** 30;

const WASM_TYPE = "application/wasm";
const WEB_PAGE = "a web page instead of the file";

/** The beginning of a web page. Weights in a file of their own can start with any byte, so "<" alone proves nothing. */
const PAGE_START = /^\s*<(!doctype html|html|head|body|!--)/i;
/** How many bytes are searched for it: a page may start with empty lines. */
const PAGE_START_BYTES = 64;

/** The last part of a URL's path. */
export const fileNameOf = (url: string): string => new URL(url).pathname.split("/").pop() as string;

export function loadError(
  code: "model-not-found" | "download-failed" | "out-of-memory",
  url: URL | string,
  reason: string,
  cause?: unknown,
): LitmusError {
  return new LitmusError(code, `could not load ${url}: ${reason}`, { cause });
}

/** The error for an interrupted connection. If the caller has aborted, that is the cause. */
const connectionError = (url: URL | string, signal: AbortSignal, cause: unknown): LitmusError =>
  signal.aborted ? abortError(signal) : loadError("download-failed", url, "the connection failed", cause);

const isMissing = ({ status }: Opened): boolean => MISSING_STATUSES.includes(status);

/** Why a response has no file, for messages. */
const reasonOf = ({ status, failure = `status ${status}` }: Opened & { failure?: string }): string => failure;

function statusError(response: Opened, url: URL | string): LitmusError {
  return loadError(isMissing(response) ? "model-not-found" : "download-failed", url, reasonOf(response));
}

async function requestUrl(url: URL, signal: AbortSignal, cache: RequestCache): Promise<Opened> {
  if (url.protocol === "data:") return decodeDataUrl(url);
  if (url.protocol === "file:" && platform.openFile) return platform.openFile(url);
  return fetch(url, { signal, cache });
}

/** What a service worker of the page has stored for a URL. */
async function storedCopy(url: URL): Promise<Response | undefined> {
  try {
    return await globalThis.caches?.match(url);
  } catch {
    return undefined; // in a sandboxed frame, reading `caches` throws
  }
}

/**
 * Opens a URL. Resolves to the reason if there is no file, or if there may be none. `cache` is how `fetch` uses the HTTP cache.
 *
 * @throws LitmusError `download-failed` after any other failure, `aborted`, `timeout`
 */
export async function openUrl(url: URL, signal: AbortSignal, cache: RequestCache): Promise<Opened | Missing> {
  let response: Opened;
  try {
    response = await requestUrl(url, signal, cache);
  } catch (cause) {
    // No connection. The page's service worker may have stored the file. Its own `fetch` does not look there: this code can run in it.
    const cached = signal.aborted ? undefined : await storedCopy(url);
    // A page cannot tell a status 404 without CORS headers from a lack of connection.
    if (!cached && isCrossOrigin(url) && !signal.aborted) {
      return {
        reason: "the connection failed, or the server sent no Access-Control-Allow-Origin",
        fetchError: cause,
      };
    }
    if (!cached) throw connectionError(url, signal, cause);
    response = cached;
  }
  // Development servers answer with the application's page and status 200 if a file does not exist.
  const isPage = response.headers.get("content-type")?.startsWith("text/html") ?? false;
  if (response.ok && !isPage) return response;
  await response.body?.cancel();
  if (response.ok) return { reason: WEB_PAGE };
  if (isMissing(response)) return { reason: reasonOf(response) };
  throw statusError(response, url);
}

/** Whether the server still has this version of a file (`versionOf`). If there is no connection, it is taken to be current. */
export async function isCurrent(url: string, version: string, signal: AbortSignal): Promise<boolean> {
  try {
    return versionOf(await fetch(url, { method: "HEAD", cache: "no-cache", signal })) === version;
  } catch {
    throwIfAborted(signal);
    return true;
  }
}

/**
 * Opens the first candidate that exists. `cache` is how `fetch` uses the HTTP cache.
 *
 * @throws LitmusError `model-not-found` if none exists, `download-failed`, `aborted`, `timeout`
 */
export async function openFirst<Candidate extends Pick<FileCandidate, "url">>(
  candidates: Candidate[],
  signal: AbortSignal,
  cache: RequestCache = "default",
): Promise<{ response: Opened; candidate: Candidate }> {
  const reasons: string[] = [];
  let cause: unknown;
  for (const candidate of candidates) {
    const opened = await openUrl(new URL(candidate.url), signal, cache);
    if (!("reason" in opened)) return { response: opened, candidate };
    reasons.push(`${candidate.url}: ${opened.reason}`);
    cause ??= opened.fetchError;
  }
  const code = cause === undefined ? "model-not-found" : "download-failed";
  throw new LitmusError(code, `could not load ${reasons.join("; ")}`, { cause });
}

/** Reports a file before its download, so that a listener knows all files before the first one is complete. */
export function reportStart(file: string, onProgress: OnProgress): void {
  onProgress?.({ file, loaded: 0, total: null });
}

/** The size of a body in bytes, or `null` if it is not known: the header of a compressed response has the compressed size. */
const bodySize = ({ headers }: Opened): number | null =>
  (!headers.has("content-encoding") && Number(headers.get("content-length"))) || null;

/**
 * The same response, which reports its bytes while they are read and ends after `MAX_BYTES`. The bytes of a `FileResponse`, which
 * has no stream, are reported at once.
 */
function withProgress<R extends Opened>(
  response: R,
  file: string,
  total: number | null,
  onProgress: NonNullable<OnProgress>,
): R {
  let loaded = 0;
  onProgress({ file, loaded, total });
  if (!response.body) {
    total = bodySize(response) ?? 0;
    onProgress({ file, loaded: total, total });
    return response;
  }
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      // The announced size was wrong. Progress must not exceed 100 %.
      if (total !== null && loaded > total) total = null;
      if (loaded !== total) onProgress({ file, loaded, total });
      controller.enqueue(chunk);
      if (loaded > MAX_BYTES) controller.terminate();
    },
    flush: () => onProgress({ file, loaded, total: loaded }),
  });
  return new Response(response.body.pipeThrough(counter), response as Response) as R;
}

/**
 * Reads a response to its end. `file` is its name in progress events, `size` the file's size in bytes if `litmus.json` has it.
 *
 * @throws LitmusError `model-not-found` if there is no file or a web page in its place, `download-failed`, `out-of-memory` if the
 * file is larger than 1 GiB, `aborted`, `timeout`
 */
export async function readBody(
  response: Opened,
  file: string,
  onProgress: OnProgress,
  signal: AbortSignal,
  size?: number | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const url = response.url || file;
  if (!response.ok) throw statusError(response, url);
  // Without a listener, too, so that the limit of size holds.
  const body = withProgress(response, file, size ?? bodySize(response), onProgress ?? (() => {}));
  const buffer = await body.arrayBuffer().catch((cause: unknown) => {
    throw connectionError(url, signal, cause);
  });
  const bytes = new Uint8Array(buffer);
  if (bytes.length > MAX_BYTES) throw loadError("out-of-memory", url, "more than 1 GiB");
  if (PAGE_START.test(new TextDecoder().decode(bytes.subarray(0, PAGE_START_BYTES))))
    throw loadError("model-not-found", url, WEB_PAGE);
  return bytes;
}

/** Compiles a WebAssembly module while it downloads. */
export async function compile(url: string, signal: AbortSignal, onProgress: OnProgress): Promise<WebAssembly.Module> {
  const file = fileNameOf(url);
  reportStart(file, onProgress);
  const { response } = await openFirst([{ url }], signal);
  // Browsers keep the compiled code for the next visit only if they compile the response of the network itself. So progress counts
  // the bytes of a copy.
  const counted = onProgress && countBytes(response.body ? response.clone() : response, file, onProgress);
  const compiled = compileOpened(response).catch((cause: unknown) => {
    throw cause instanceof WebAssembly.CompileError
      ? loadError("download-failed", url, "this runtime cannot compile it as WebAssembly", cause)
      : connectionError(url, signal, cause);
  });
  const [module] = await Promise.all([compiled, counted]);
  return module;
}

/** Reports the bytes of a response as they arrive. Never rejects: if the connection fails, the response that is compiled fails too. */
async function countBytes(response: Opened, file: string, onProgress: NonNullable<OnProgress>): Promise<void> {
  const { body } = withProgress(response, file, bodySize(response), onProgress);
  await body?.pipeTo(new WritableStream()).catch(() => undefined);
}

async function compileOpened(response: Opened): Promise<WebAssembly.Module> {
  // A file has no stream. Node's compileStreaming is missing in the contexts in which Jest runs tests.
  if (!response.body || !WebAssembly.compileStreaming) return WebAssembly.compile(await response.arrayBuffer());
  // Some servers do not know the content type of WebAssembly, which compileStreaming requires.
  const hasType = response.headers.get("content-type") === WASM_TYPE;
  return WebAssembly.compileStreaming(
    hasType ? response : new Response(response.body, { headers: { "content-type": WASM_TYPE } }),
  );
}
