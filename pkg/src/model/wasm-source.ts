import { platform } from "../platform/platform.js";
import { resolveUrl } from "../platform/resolve-url.js";
import { LitmusError } from "../shared/errors.js";
import type { ClassifierOptions } from "../shared/model-types.js";
import type { OnProgress } from "../shared/protocol.js";
import { isA, wrongValue } from "../shared/validate.js";
import { readBody } from "./download.js";

/**
 * Turns the option `wasm` into a module or its URL. `packaged` is the URL of the package's own file.
 *
 * @throws LitmusError `invalid-input`; the codes of `readBody` for a `Response`
 */
export async function wasmSourceOf(
  wasm: ClassifierOptions["wasm"],
  packaged: () => string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<string | WebAssembly.Module> {
  const given: unknown = wasm;
  if (given === undefined) return platform.module ?? packaged();
  if (typeof given === "string" || isA(given, "URL")) return resolveUrl("wasm", given).href;
  const isUnread = isA(given, "Response") && !given.bodyUsed;
  const bytes: unknown = isUnread ? await readBody(given, "litmus_text_bg.wasm", onProgress, signal) : given;
  // wasm-bindgen recognises only modules of its own realm. A structured clone belongs to the realm in which it is made.
  if (isA(bytes, "WebAssembly.Module")) return bytes instanceof WebAssembly.Module ? bytes : structuredClone(bytes);
  if (!isA(bytes, "ArrayBuffer") && !ArrayBuffer.isView(bytes)) {
    throw wrongValue("wasm", "a URL, an unread Response, a WebAssembly.Module or bytes", given);
  }
  return WebAssembly.compile(bytes as BufferSource).catch((cause: unknown) => {
    const message = "wasm must be the package's file wasm/litmus_text_bg.wasm";
    throw new LitmusError("invalid-input", message, { cause });
  });
}
