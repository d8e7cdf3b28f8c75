import type { ModelBlobs } from "../shared/protocol.js";
import { fileNameOf, loadError, openFirst, readBody } from "./download.js";
import { readLeb128 } from "./leb128.js";
import { modelOf } from "./model-source.js";

// The embedded build is one file: the ordinary WebAssembly module, followed by the model's files as custom sections
// named "litmus." and the file's name. tools/embedded-file.mjs appends them.

// Both are also in tools/embedded-file.mjs.
const CUSTOM_SECTION = 0;
const PREFIX = "litmus.";
/** "\0asm" and the version of the format. */
const HEADER_BYTES = 8;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Downloads the file at `url`. Resolves to the compiled module, and to the files of the model behind it.
 *
 * @throws LitmusError `model-not-found`, `download-failed`, `out-of-memory`, `aborted`, `timeout`
 */
export async function openEmbedded(
  url: string,
  signal: AbortSignal,
): Promise<{ module: WebAssembly.Module; model: ModelBlobs }> {
  const { response } = await openFirst([{ url }], signal);
  const bytes = await readBody(response, fileNameOf(url), undefined, signal);
  try {
    const { code, files } = splitFile(bytes);
    const model = modelOf(Object.entries(files).map(([path, bytes]) => [path, new Blob([bytes])]));
    return { module: await WebAssembly.compile(code), model };
  } catch (cause) {
    throw loadError("download-failed", url, "it is not the WebAssembly file of this package with a model in it", cause);
  }
}

/**
 * Splits the file into the module without the model, and the model's files by name. All of them are views into `bytes`.
 *
 * @throws Error if there is no model in it, or a section is damaged
 */
export function splitFile(bytes: Bytes): { code: Bytes; files: Record<string, Bytes> } {
  const files: Record<string, Bytes> = {};
  let codeEnd = bytes.length;
  for (let offset = HEADER_BYTES; offset < bytes.length; ) {
    const size = readLeb128(bytes, offset + 1);
    const end = size.next + size.value;
    if (end > bytes.length) throw new RangeError("a section is longer than the file");
    if (bytes[offset] === CUSTOM_SECTION) {
      const length = readLeb128(bytes, size.next);
      const content = length.next + length.value;
      const name = new TextDecoder().decode(bytes.subarray(length.next, content));
      if (name.startsWith(PREFIX)) {
        codeEnd = Math.min(codeEnd, offset);
        files[name.slice(PREFIX.length)] = bytes.subarray(content, end);
      }
    }
    offset = end;
  }
  if (codeEnd === bytes.length) throw new Error("no model in it");
  return { code: bytes.subarray(0, codeEnd), files };
}
