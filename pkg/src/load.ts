import { LitmusError } from "./errors.js";
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

function notFound(url: URL | string, reason: string, cause?: unknown): LitmusError {
  return new LitmusError("model-not-found", `could not load ${url}: ${reason}`, cause === undefined ? {} : { cause });
}

/** Opens a URL, or says in a word why there is no such file. Any other failure throws. */
async function open(url: URL): Promise<Response | string> {
  let response: Response;
  try {
    response = await (url.protocol === "file:" && platform.openFile ? platform.openFile(url) : fetch(url));
  } catch (cause) {
    throw notFound(url, "the request failed", cause);
  }
  // Development servers answer a missing file with the application's page and status 200.
  const isPage = response.headers.get("content-type")?.startsWith("text/html") ?? false;
  if (response.ok && !isPage) return response;
  await response.body?.cancel();
  if (response.ok) return PAGE;
  const status = `status ${response.status}`;
  if (MISSING.includes(response.status)) return status;
  throw notFound(url, status);
}

/** Opens the first of `urls` that is there. */
export async function openFirst(...urls: URL[]): Promise<Response> {
  const reasons: string[] = [];
  for (const url of urls) {
    const opened = await open(url);
    if (typeof opened !== "string") return opened;
    reasons.push(`${url}: ${opened}`);
  }
  throw new LitmusError("model-not-found", `could not load ${reasons.join("; ")}`);
}

/** Opens a file that need not be there. */
export async function openOptional(url: URL): Promise<Response | undefined> {
  const opened = await open(url);
  return typeof opened === "string" ? undefined : opened;
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
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const reader = response.body?.getReader();
  const next = () => reader?.read().catch(brokenOff(response.url || file));
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
  size?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = onProgress ? await readReporting(response, file, onProgress, size) : await readAtOnce(response, file);
  const startsAsPage = bytes[0] === 0x3c; // "<": neither JSON nor ONNX starts with it
  if (startsAsPage) throw notFound(response.url || file, PAGE);
  return bytes;
}

const brokenOff = (place: URL | string) => (cause: unknown) => {
  throw notFound(place, "the download broke off", cause);
};

async function readAtOnce(response: Response, file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer().catch(brokenOff(response.url || file)));
}

async function readReporting(
  response: Response,
  file: string,
  onProgress: OnProgress,
  size?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const total = size ?? bodySize(response);
  // A model is most of the memory of a load: it is received in place rather than joined from chunks.
  let bytes = new Uint8Array(total ?? 1 << 16);
  let length = 0;
  for await (const chunk of chunks(response, file, total, onProgress)) {
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
export async function compile(url: URL, onProgress: OnProgress): Promise<WebAssembly.Module> {
  const file = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  asked(file, onProgress);
  const response = await openFirst(url);
  const unusable = (cause: unknown) =>
    new LitmusError("internal", `${url} is not a WebAssembly module that this browser runs`, { cause });
  if (!onProgress && response.headers.get("content-type") === MIME) {
    // The response itself, whose compiled code browsers keep for the next visit.
    return WebAssembly.compileStreaming(response).catch((cause: unknown) => {
      if (cause instanceof WebAssembly.CompileError) throw unusable(cause);
      return brokenOff(url)(cause);
    });
  }
  const parts = chunks(response, file, bodySize(response), onProgress);
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
    if (failure) throw failure;
    throw unusable(cause);
  }
}
