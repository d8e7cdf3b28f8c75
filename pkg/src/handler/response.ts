import type { ServiceError } from "./service-error.js";

export const NDJSON = "application/x-ndjson";

/** A response. `streamEnd`, which a streamed one has, resolves when its last byte is produced or the stream is cancelled. */
export interface ServiceResponse {
  response: Response;
  streamEnd?: Promise<void>;
}

export function jsonResponse(value: unknown, headers: Record<string, string> = {}, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json", ...headers } });
}

export const errorResponse = ({ body, headers, status }: ServiceError): Response =>
  jsonResponse({ error: body }, headers, status);

/** Whether the `accept` header names NDJSON with a quality above 0. */
export function acceptsNdjson({ headers }: Request): boolean {
  return (headers.get("accept") ?? "").split(",").some((range) => {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === NDJSON && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/**
 * Streams `values` as lines of JSON. The next value is computed only when the client has read the ones before it. If the client
 * cancels the stream, `stop` is aborted.
 */
export function ndjsonResponse(values: AsyncIterator<unknown>, stop: AbortController): Required<ServiceResponse> {
  let end = () => {};
  const streamEnd = new Promise<void>((resolve) => (end = resolve));
  // After a disconnect, some platforms neither read on nor cancel the stream.
  stop.signal.addEventListener("abort", end);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await values.next();
        if (!done) return controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      end();
    },
    async cancel() {
      stop.abort();
      await values.return?.();
    },
  });
  return { response: new Response(body, { headers: { "content-type": NDJSON } }), streamEnd };
}
