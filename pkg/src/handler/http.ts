/// <reference types="node" />
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { NDJSON } from "./answers.js";

type Handler = (request: Request) => Promise<Response>;

/** Milliseconds after which a connection is closed whose request does not end, or on which nothing moves. */
const PATIENCE_MS = 30_000;

/** `fetch` knows no requests with these methods. No route takes them, as none takes OPTIONS. */
const UNKNOWN = ["CONNECT", "TRACE", "TRACK"];

/** The body, read no faster than it is taken. What is not taken is thrown away, so that the client gets its answer. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const parts = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return?.();
        incoming.resume();
      },
    },
    { highWaterMark: 0 },
  );
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/", headers } = incoming;
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) fields.set(name, String(value));
  const hasBody = !["GET", "HEAD"].includes(method);
  const request = new Request(url.startsWith("/") ? `http://localhost${url}` : url, {
    method: UNKNOWN.includes(method) ? "OPTIONS" : method,
    headers: fields,
    ...(hasBody ? { body: bodyOf(incoming), duplex: "half" } : {}),
  } as RequestInit);
  // The one that Node would make of it, and have follow it, can be garbage before the request is answered.
  return Object.defineProperty(request, "signal", { value: signal });
}

async function send(response: Response, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
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

/** A server of Node whose answers are the handler's. */
export function serverOf(handler: Handler): Server {
  const server = createServer(async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) gone.abort();
    });
    try {
      const request = requestOf(incoming, gone.signal);
      const response = await handler(request);
      if (!server.listening) outgoing.shouldKeepAlive = false; // it is being shut down
      await send(response, outgoing, gone.signal);
    } catch {
      // The client is gone, or sent what is no request.
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(400, { connection: "close" }).end();
    }
  });
  server.requestTimeout = PATIENCE_MS;
  server.timeout = PATIENCE_MS;
  return server;
}

/** Stops listening, and resolves when what was asked is answered, or after so many milliseconds. */
export async function shutDown(server: Server, milliseconds: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const timer = setTimeout(() => server.closeAllConnections(), milliseconds);
  await closed;
  clearTimeout(timer);
}
