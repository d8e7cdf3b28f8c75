// Makes a head small enough for a link. ARCHITECTURE.md describes the format.
import { headerOf, MAGIC } from "./head-file.js";

const ALIGNMENT = 8;
/** The largest weight of one byte. */
const MAX = 127;

const aligned = (offset) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

/**
 * The same head with weights of one byte, a quarter of the size, and without the features of its examples. `bytes` is a
 * head with float32 weights.
 */
export function quantise(bytes) {
  const header = headerOf(bytes);
  const { examples: _, ...kept } = header;
  const { labels, features } = header;
  const rows = labels.length;
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  const start = aligned(MAGIC.length + 4 + headerLength);
  const size = Float32Array.BYTES_PER_ELEMENT * rows * (features + 1);
  const values = new Float32Array(bytes.slice(start, start + size).buffer); // a copy, for an aligned offset
  const weights = new Int8Array(rows * features);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const of = values.subarray(row * features, (row + 1) * features);
    const largest = of.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    scales[row] = largest / MAX;
    for (const [i, value] of of.entries()) weights[row * features + i] = largest && Math.round((value / largest) * MAX);
  }
  const biases = values.slice(rows * features);
  const text = new TextEncoder().encode(JSON.stringify({ ...kept, dtype: "i8" }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return joined([new TextEncoder().encode(MAGIC), length, text, undefined, weights, undefined, scales, biases]);
}

/** Joins parts; `undefined` stands for zeros up to the next multiple of the alignment. */
function joined(parts) {
  const offsets = [];
  let size = 0;
  for (const part of parts) {
    offsets.push(size);
    size = part ? size + part.byteLength : aligned(size);
  }
  const bytes = new Uint8Array(size);
  for (const [i, part] of parts.entries())
    if (part) bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), offsets[i]);
  return bytes;
}
