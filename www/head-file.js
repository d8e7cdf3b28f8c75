// Reads the header of a head file. ARCHITECTURE.md describes the format.

export const MAGIC = "LITMUSH1";

/** The header of a head file: `labels`, `kind`, `thresholds` and so on. `undefined` if it is no head file. */
export function headerOf(bytes) {
  const start = MAGIC.length + 4;
  if (bytes.length < start || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(start, start + length)));
  } catch {
    return undefined;
  }
}
