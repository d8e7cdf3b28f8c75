/**
 * Decodes a `data:` URL without a request, because a page's Content-Security-Policy can forbid to `fetch` it. Vite's builds make
 * such URLs of small files.
 */
export function decodeDataUrl({ href }: URL): Response {
  const [, type = "", base64, data = ""] = /^data:([^,]*?)(;base64)?,([^#]*)/i.exec(href) ?? [];
  const text = data.replace(/%([\da-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const binary = base64 ? atob(text) : text;
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new Response(bytes, { headers: { "content-type": type, "content-length": String(bytes.length) } });
}
