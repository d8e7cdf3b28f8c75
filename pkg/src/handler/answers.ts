import type { Fault } from "./faults.js";

export const NDJSON = "application/x-ndjson";

/** An answer, and when its last byte was made. */
export interface Answer {
  response: Response;
  ended?: Promise<void>;
}

export function json(value: unknown, headers: Record<string, string> = {}, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json", ...headers } });
}

export const refusal = (fault: Fault) => json({ error: fault.body }, fault.headers, fault.status);

/** Whether a request prefers lines: it names their type, and not with a weight of nothing. */
export function wantsLines({ headers }: Request): boolean {
  return (headers.get("accept") ?? "").split(",").some((each) => {
    const [type, ...parameters] = each.split(";").map((part) => part.trim().toLowerCase());
    return type === NDJSON && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/** Lines as they are made, and no faster than they are read. A client that stops reading aborts `stop`. */
export function lines(values: AsyncIterator<unknown>, stop: AbortController): Answer {
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  stop.signal.addEventListener("abort", end); // some platforms then read no more, and cancel nothing
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
  return { response: new Response(body, { headers: { "content-type": NDJSON } }), ended };
}
