/**
 * Reads an unsigned LEB128 integer, as WebAssembly and protobuf have them, at `offset`; `next` is the offset after it.
 *
 * @throws RangeError if the bytes end inside the integer
 */
export function readLeb128(bytes: Uint8Array, offset: number): { value: number; next: number } {
  for (let value = 0, factor = 1, next = offset; ; factor *= 128) {
    const byte = bytes[next++];
    if (byte === undefined) throw new RangeError("the bytes end inside an integer");
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next };
  }
}
