import { platform } from "../platform/platform.js";
import { aborted } from "../shared/abort.js";
import { LitmusError } from "../shared/errors.js";
import type { FileCandidate, OnProgress } from "../shared/protocol.js";

/** Some hosts answer 403 rather than 404 for a file that is not there. */
const MISSING = [403, 404, 410];

/** The most bytes of a file: the few that a server compressed can become more than a page has memory for. */
const MAX_BYTES = 2 ** 30;

const MIME = "application/wasm";
const PAGE = "a web page instead of the file";

function notLoaded(
  code: "model-not-found" | "download-failed" | "out-of-memory",
  place: URL | string,
  reason: string,
  cause?: unknown,
): LitmusError {
  return new LitmusError(code, `could not load ${place}: ${reason}`, { cause });
}

/** What a connection that fails is, unless it was our own doing. */
const disconnected = (place: URL | string, signal: AbortSignal, cause: unknown): LitmusError =>
  signal.aborted ? aborted(signal) : notLoaded("download-failed", place, "the connection failed", cause);

/** Opens a URL, or says in a word why there is no such file. Any other failure throws. */
async function open(url: URL, signal: AbortSignal, cache: RequestCache): Promise<Response | string> {
  let response: Response;
  try {
    response = await (url.protocol === "file:" && platform.openFile
      ? platform.openFile(url)
      : fetch(url, { signal, cache }));
  } catch (cause) {
    // What a service worker has put by for when there is no network, its own requests would not find.
    const found = signal.aborted ? undefined : await globalThis.caches?.match(url).catch(() => undefined);
    if (!found) throw disconnected(url, signal, cause);
    response = found;
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
export async function openFirst<P extends Pick<FileCandidate, "url">>(
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
const bodySize = ({ headers }: Response): number | null =>
  (!headers.has("content-encoding") && Number(headers.get("content-length"))) || null;

/** The same response, whose bytes are reported as they pass. It ends after what is too much. */
function counted(response: Response, file: string, total: number | null, onProgress: OnProgress): Response {
  if (!onProgress) return response;
  let loaded = 0;
  onProgress({ file, loaded, total });
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(part, controller) {
      loaded += part.byteLength;
      // A wrong size must not show more than everything.
      if (total !== null && loaded > total) total = null;
      if (loaded !== total) onProgress({ file, loaded, total });
      controller.enqueue(part);
      if (loaded > MAX_BYTES) controller.terminate();
    },
    flush: () => onProgress({ file, loaded, total: loaded }),
  });
  return new Response(response.body?.pipeThrough(counter) ?? null, response);
}

/** Reads a response to its end. `size` is the file's size in bytes where the caller knows it. */
export async function read(
  response: Response,
  file: string,
  onProgress: OnProgress,
  signal: AbortSignal,
  size?: number | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const place = response.url || file;
  if (!response.ok) throw refused(response, place);
  const body = counted(response, file, size ?? bodySize(response), onProgress ?? (() => {}));
  const buffer = await body.arrayBuffer().catch((cause: unknown) => {
    throw disconnected(place, signal, cause);
  });
  const bytes = new Uint8Array(buffer);
  if (bytes.length > MAX_BYTES) throw notLoaded("out-of-memory", place, "more than 1 GiB");
  const startsAsPage = bytes[0] === 0x3c; // "<": neither JSON nor ONNX starts with it
  if (startsAsPage) throw notLoaded("model-not-found", place, PAGE);
  return bytes;
}

/** Compiles a WebAssembly module while it downloads. */
export async function compile(url: string, signal: AbortSignal, onProgress: OnProgress): Promise<WebAssembly.Module> {
  const file = new URL(url).pathname.split("/").pop() as string;
  asked(file, onProgress);
  const { response } = await openFirst([{ url }], signal);
  // A response of the network as it is, for browsers keep its compiled code; but a server may not know the type.
  const known = response.headers.get("content-type") === MIME;
  const typed = known ? response : new Response(response.body, { headers: { "content-type": MIME } });
  const body = counted(typed, file, bodySize(response), onProgress);
  return WebAssembly.compileStreaming(body).catch((cause: unknown) => {
    throw cause instanceof WebAssembly.CompileError
      ? notLoaded("download-failed", url, "it is no WebAssembly module that this runtime knows", cause)
      : disconnected(url, signal, cause);
  });
}
