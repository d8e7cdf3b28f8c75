import { type OutputUnit, Validator } from "@cfworker/json-schema";
import type { TextInput } from "../shared/types.js";
import type { ResolvedOptions } from "./options.js";
import { type PredictionOptions, requestSchemas } from "./schema.js";
import { ServiceError } from "./service-error.js";

/** A request for predictions, read and checked. */
export interface PredictRequest {
  texts: TextInput[];
  /** Whether the body had `text` rather than `texts`. */
  single: boolean;
  options: PredictionOptions;
}

/** Reads the body of `POST /predict` and checks it against the schema. */
export class PredictRequestReader {
  readonly #limits: ResolvedOptions["limits"];
  readonly #oneText: Validator;
  readonly #manyTexts: Validator;

  constructor(limits: ResolvedOptions["limits"]) {
    const { TextRequest, TextsRequest } = requestSchemas(limits.texts);
    this.#limits = limits;
    this.#oneText = new Validator(TextRequest, "2020-12");
    this.#manyTexts = new Validator(TextsRequest, "2020-12");
  }

  /**
   * @throws ServiceError `unsupported-media-type`, `too-large`, `body-timeout`, `invalid-json`, `invalid-input`, or `aborted` if the
   * client has disconnected
   */
  async read(request: Request): Promise<PredictRequest> {
    checkContentType(request.headers);
    const body = parseJson(await readBytes(request, this.#limits));
    const hasTexts = body !== null && typeof body === "object" && "texts" in body;
    // Counted before validation: the validator would check every text first.
    if (hasTexts && Array.isArray(body.texts) && body.texts.length > this.#limits.texts) {
      throw new ServiceError(
        "too-large",
        `the request has ${body.texts.length} texts; the limit is ${this.#limits.texts}`,
      );
    }
    const { valid, errors } = (hasTexts ? this.#manyTexts : this.#oneText).validate(body);
    if (!valid) throw schemaError(errors);
    const { text, pair, texts, ...options } = body as {
      text: string;
      pair?: string;
      texts: TextInput[];
    } & PredictionOptions;
    return { texts: hasTexts ? texts : [pair === undefined ? text : { text, pair }], single: !hasTexts, options };
  }
}

function checkContentType(headers: Headers): void {
  const contentType = headers.get("content-type");
  const [type, ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith("charset="));
  const utf8 = charset === undefined || /^charset="?utf-8"?$/.test(charset);
  if (type?.trim() !== "application/json" || !utf8) {
    throw new ServiceError(
      "unsupported-media-type",
      `content-type is "${contentType ?? ""}": send application/json in UTF-8`,
    );
  }
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") {
    throw new ServiceError("unsupported-media-type", `content-encoding is "${encoding}": send the body uncompressed`);
  }
}

/** The bytes of the body, within the limits of size and time. */
async function readBytes(
  request: Request,
  { body: maxBytes, bodyTime }: ResolvedOptions["limits"],
): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes)
    throw new ServiceError("too-large", `the body has ${declared} bytes; the limit is ${maxBytes}`);
  const reader = bodyStream(request).getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ServiceError("body-timeout", `the body did not arrive within ${bodyTime} ms`)),
      bodyTime,
    );
  });
  try {
    return await Promise.race([readChunks(reader, maxBytes), expired]);
  } catch (error) {
    throw error instanceof ServiceError ? error : new ServiceError("aborted"); // the connection was interrupted
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined); // the rest of a body that was rejected
  }
}

/** The body as a stream. Firefox has no `request.body`. */
function bodyStream(request: Request): ReadableStream<Uint8Array> {
  return (
    request.body ??
    new ReadableStream({
      async start(controller) {
        controller.enqueue(new Uint8Array(await request.arrayBuffer()));
        controller.close();
      },
    })
  );
}

async function readChunks(reader: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) throw new ServiceError("too-large", `the body has more than ${maxBytes} bytes`);
    chunks.push(value);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ServiceError("invalid-json");
  }
}

/** The error for a body that does not match the schema: the validator's last and innermost one, with the path of the value at fault. */
function schemaError(errors: OutputUnit[]): ServiceError {
  const { instanceLocation, keyword, error } = errors.at(-1) as OutputUnit;
  const path = instanceLocation === "#" ? "the body" : instanceLocation.slice(2);
  const [, index, key] = /^texts\/(\d+)(\/|$)/.exec(path) ?? [];
  let message = `${path}: ${error}`;
  if (keyword === "false") message = `unknown key "${path}"`;
  // A text has two forms, and the validator's last error is only about the second one.
  else if (key === "") message = `${path} must be a string or { text, pair }`;
  return new ServiceError("invalid-input", message, { index: index === undefined ? undefined : Number(index) });
}
