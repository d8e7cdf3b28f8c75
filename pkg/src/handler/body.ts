import type { Settings } from "./options.js";
import { Fault } from "./faults.js";

/** Throws unless the body is declared as what it must be. */
function checkType(headers: Headers): void {
  const [type, ...parameters] = (headers.get("content-type") ?? "").toLowerCase().split(";");
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith("charset="));
  const encoding = headers.get("content-encoding") ?? "identity";
  const utf8 = charset === undefined || /^charset="?utf-8"?$/.test(charset);
  if (type?.trim() !== "application/json" || !utf8 || encoding !== "identity") throw new Fault("unsupported-media-type");
}

/** All that comes, but no more than `most` bytes. */
async function collect(reader: ReadableStreamDefaultReader<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > most) throw new Fault("too-large", `the body has more than ${most} bytes`);
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** The body as a stream. Firefox has it only as a whole. */
function bodyOf(request: Request): ReadableStream<Uint8Array> {
  return request.body ?? new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(await request.arrayBuffer()));
      controller.close();
    },
  });
}

/** The body as JSON, if it is small, quick and JSON. */
export async function readJson(request: Request, { body, bodyTime }: Settings["limits"]): Promise<unknown> {
  checkType(request.headers);
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > body) throw new Fault("too-large", `the body has ${announced} bytes, more than ${body}`);
  const reader = bodyOf(request).getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Fault("body-timeout")), bodyTime);
  });
  let bytes: Uint8Array;
  try {
    bytes = await Promise.race([collect(reader, body), late]);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault("aborted"); // its sender broke off
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined); // what still comes is not wanted
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Fault("invalid-json");
  }
}
