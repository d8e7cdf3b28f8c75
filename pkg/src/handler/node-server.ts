/// <reference types="node" />
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { NDJSON } from "./response.js";

type Handler = (request: Request) => Promise<Response>;

/** Milliseconds for a request to arrive in full. */
const REQUEST_TIMEOUT_MS = 30_000;
/**
 * Milliseconds after which a connection without traffic is closed. A request that waits for the model and then for its prediction has no
 * traffic, so this must be more than the defaults of `loadTime` and `limits.time` together: otherwise the client gets no response
 * instead of a 503.
 */
const IDLE_TIMEOUT_MS = 60_000;

/** The methods on which the `Request` constructor throws. They become OPTIONS, which no route supports either. */
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"];

/** Creates an HTTP server of Node that answers with `handler`. */
export function createNodeServer(handler: Handler): Server {
  const server = createServer(async (incoming, outgoing) => {
    const disconnected = new AbortController();
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) disconnected.abort();
    });
    try {
      const request = toRequest(incoming, disconnected.signal);
      const response = await handler(request);
      if (!server.listening) outgoing.shouldKeepAlive = false; // the server is shutting down
      await sendResponse(response, outgoing, disconnected.signal);
    } catch {
      // The client has disconnected, or `incoming` is not a valid request, because of its URL for instance.
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(400, { connection: "close" }).end();
    }
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.timeout = IDLE_TIMEOUT_MS;
  return server;
}

/** Stops accepting connections. Resolves when the open requests are answered, or closes them after `graceMs` milliseconds. */
export async function shutDown(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/", headers: fields } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) headers.set(name, String(value));
  const hasBody = !["GET", "HEAD"].includes(method);
  const request = new Request(url.startsWith("/") ? `http://localhost${url}` : url, {
    method: FORBIDDEN_METHODS.includes(method) ? "OPTIONS" : method,
    headers,
    ...(hasBody ? { body: bodyStream(incoming), duplex: "half" } : {}),
  } as RequestInit);
  // A signal passed to the constructor would be copied, and Node may garbage-collect the copy before the request is answered.
  return Object.defineProperty(request, "signal", { value: signal });
}

/** The body as a stream that reads from the socket on demand. A cancelled body is discarded, so that the client gets its response. */
function bodyStream(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return?.();
        incoming.resume();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Streamed lines are sent one by one, as fast as the client reads; every other body in one piece with its length. */
async function sendResponse(response: Response, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  outgoing.statusCode = response.status;
  outgoing.setHeaders(response.headers);
  if (response.headers.get("content-type") !== NDJSON || !response.body) {
    outgoing.end(new Uint8Array(await response.arrayBuffer()));
    return;
  }
  const reader = response.body.getReader();
  signal.addEventListener("abort", () => void reader.cancel());
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (!outgoing.write(value)) await once(outgoing, "drain", { signal });
  }
  outgoing.end();
}
