import { aborted } from "./abort.js";
import { LitmusError } from "./errors.js";
import type { FilePlace } from "./protocol.js";
import type { Progress } from "./types.js";

export type OnProgress = ((progress: Progress) => void) | undefined;

/** What differs between platforms; Node's entry sets its own (node-files.ts). */
export const platform: { base: () => string | undefined; openFile?: (url: URL) => Promise<Response> } = {
  /** What a relative URL is relative to. */
  base: () => globalThis.document?.baseURI ?? globalThis.location?.href,
};

/** Some hosts answer 403 rather than 404 for a file that is not there. */
const MISSING = [403, 404, 410];

const MIME = "application/wasm";
const PAGE = "a web page instead of the file";

function notLoaded(
  code: "model-not-found" | "download-failed",
  place: URL | string,
  reason: string,
  cause?: unknown,
): LitmusError {
  return new LitmusError(code, `could not load ${place}: ${reason}`, cause === undefined ? {} : { cause });
}

/** What a failure in the middle of a download is, unless it was our own doing. */
const brokenOff = (place: URL | string, signal: AbortSignal) => (cause: unknown) => {
  throw signal.aborted ? aborted(signal) : notLoaded("download-failed", place, "the download broke off", cause);
};

/** Opens a URL, or says in a word why there is no such file. Any other failure throws. */
async function open(url: URL, signal: AbortSignal, cache: RequestCache): Promise<Response | string> {
  let response: Response;
  try {
    response = await (url.protocol === "file:" && platform.openFile
      ? platform.openFile(url)
      : fetch(url, { signal, cache }));
  } catch (cause) {
    throw signal.aborted ? aborted(signal) : notLoaded("download-failed", url, "the request failed", cause);
  }
  // Development servers answer a missing file with the application's page and status 200.
  const isPage = response.headers.get("content-type")?.startsWith("text/html") ?? false;
  if (response.ok && !isPage) return response;
  await response.body?.cancel();
  if (response.ok) return PAGE;
  if (MISSING.includes(response.status)) return `status ${response.status}`;
  throw refused(response, url);
}

function refused({ status }: Response, place: URL | string): LitmusError {
  return notLoaded(MISSING.includes(status) ? "model-not-found" : "download-failed", place, `status ${status}`);
}

/** Opens the first of `places` where there is a file. What changes together is `cache`d together: see model.ts. */
export async function openFirst<P extends Pick<FilePlace, "url">>(
  places: P[],
  signal: AbortSignal,
  cache: RequestCache = "default",
): Promise<{ response: Response; place: P }> {
  const reasons: string[] = [];
  for (const place of places) {
    const response = await open(new URL(place.url), signal, cache);
    if (typeof response !== "string") return { response, place };
    reasons.push(`${place.url}: ${response}`);
  }
  throw new LitmusError("model-not-found", `could not load ${reasons.join("; ")}`);
}

/** Reports a file before its first byte, so that nobody takes the files that came sooner for all there are. */
export function asked(file: string, onProgress: OnProgress): void {
  onProgress?.({ file, loaded: 0, total: null });
}

/** The size of a response's body in bytes. A compressed one's header counts the compressed bytes. */
function bodySize(response: Response): number | null {
  const length = response.headers.get("content-length");
  return length === null || response.headers.has("content-encoding") ? null : Number(length);
}

/** The body of `response` chunk by chunk, reported as it passes. */
async function* chunks(
  response: Response,
  file: string,
  total: number | null,
  onProgress: OnProgress,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const reader = response.body?.getReader();
  const next = () => reader?.read().catch(brokenOff(response.url || file, signal));
  let loaded = 0;
  onProgress?.({ file, loaded, total });
  for (let part = await next(); part && !part.done; part = await next()) {
    loaded += part.value.byteLength;
    // A wrong size must not show more than everything.
    if (total !== null && loaded > total) total = null;
    if (loaded !== total) onProgress?.({ file, loaded, total });
    yield part.value;
  }
  onProgress?.({ file, loaded, total: loaded });
}

/** Reads a response to its end. `size` is the file's size in bytes where the caller knows it. */
export async function read(
  response: Response,
  file: string,
  onProgress: OnProgress,
  signal: AbortSignal,
  size?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const place = response.url || file;
  if (!response.ok) throw refused(response, place);
  const bytes = onProgress
    ? await readReporting(response, file, onProgress, signal, size)
    : new Uint8Array(await response.arrayBuffer().catch(brokenOff(place, signal)));
  const startsAsPage = bytes[0] === 0x3c; // "<": neither JSON nor ONNX starts with it
  if (startsAsPage) throw notLoaded("model-not-found", place, PAGE);
  return bytes;
}

async function readReporting(
  response: Response,
  file: string,
  onProgress: OnProgress,
  signal: AbortSignal,
  size?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const total = size ?? bodySize(response);
  // A model is most of the memory of a load: it is received in place rather than joined from chunks.
  let bytes = new Uint8Array(total ?? 1 << 16);
  let length = 0;
  for await (const chunk of chunks(response, file, total, onProgress, signal)) {
    if (length + chunk.byteLength > bytes.byteLength) {
      const grown = new Uint8Array(Math.max(2 * bytes.byteLength, length + chunk.byteLength));
      grown.set(bytes.subarray(0, length));
      bytes = grown;
    }
    bytes.set(chunk, length);
    length += chunk.byteLength;
  }
  return bytes.subarray(0, length);
}

/** Compiles a WebAssembly module while it downloads. */
export async function compile(url: URL, onProgress: OnProgress, signal: AbortSignal): Promise<WebAssembly.Module> {
  const file = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  asked(file, onProgress);
  const { response } = await openFirst([{ url: url.href }], signal);
  const unusable = (cause: unknown) =>
    notLoaded("download-failed", url, "it is no WebAssembly module that this runtime knows", cause);
  if (!onProgress && response.headers.get("content-type") === MIME) {
    // The response itself, whose compiled code browsers keep for the next visit.
    return WebAssembly.compileStreaming(response).catch((cause: unknown) => {
      if (cause instanceof WebAssembly.CompileError) throw unusable(cause);
      return brokenOff(url, signal)(cause);
    });
  }
  const parts = chunks(response, file, bodySize(response), onProgress, signal);
  let failure: unknown; // of the download: browsers replace it by an error of their own
  const body = new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        failure = error;
        controller.error(error);
      }
    },
  });
  try {
    // A response of our own, so that a server which knows no better MIME type does no harm.
    return await WebAssembly.compileStreaming(new Response(body, { headers: { "content-type": MIME } }));
  } catch (cause) {
    throw failure ?? unusable(cause);
  }
}
