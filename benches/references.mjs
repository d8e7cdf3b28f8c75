// The reference graph of a linked wasm: which functions refer to which, by calls or through memory (vtables, tables).
import { Reader } from "./wasm.mjs";

/**
 * The immediates of each opcode: i an unsigned and s a signed LEB128 integer, a number that many bytes, m a memory
 * operand, v a list of integers. Opcodes that are not listed have none.
 */
const OPERANDS = operands({
  s: [0x02, 0x03, 0x04, 0x06, 0x41, 0x42, 0xd0],
  i: [0x07, 0x08, 0x09, 0x0c, 0x0d, 0x10, 0x12, 0x14, 0x15, 0x18, [0x20, 0x26], 0x3f, 0x40, 0xd2],
  ii: [0x11, 0x13],
  vi: [0x0e],
  v: [0x1c],
  m: [[0x28, 0x3e]],
  4: [0x43],
  8: [0x44],
});
const BULK = operands({ ii: [8, 10, 12, 14], i: [9, 11, 13, 15, 16, 17] });
const SIMD = operands({ m: [[0, 11], 92, 93], 16: [12, 13], 1: [[21, 34]], m1: [[84, 91]] });
const ATOMIC = operands({
  m: [
    [0, 2],
    [16, 78],
  ],
  1: [3],
});
const PREFIXED = new Map([
  [0xfc, BULK],
  [0xfd, SIMD],
  [0xfe, ATOMIC],
]);

function operands(table) {
  const all = [];
  for (const [form, opcodes] of Object.entries(table)) {
    for (const each of opcodes) {
      const [first, last] = [each].flat();
      for (let opcode = first; opcode <= (last ?? first); opcode++) all[opcode] = form.match(/[a-z]|\d+/g);
    }
  }
  return all;
}

/**
 * The indices of the functions that a body calls or takes the address of, and the integers that the linker filled in.
 */
function referencesOf(module, { start, end }) {
  const reader = new Reader(module.bytes, start);
  const functions = new Set();
  const relocated = new Set();
  reader.list(() => [reader.integer(), reader.integer(true)]);
  while (reader.at < end) {
    const opcode = reader.byte();
    const prefixed = PREFIXED.get(opcode);
    for (const operand of (prefixed ? prefixed[reader.integer()] : OPERANDS[opcode]) ?? []) {
      if (operand === "i") {
        const value = reader.integer();
        if (opcode === 0x10 || opcode === 0x12 || opcode === 0xd2) functions.add(value);
      } else if (operand === "s") {
        const value = reader.integer(true);
        if (opcode === 0x41 && reader.width === PADDED) relocated.add(value >>> 0);
      } else if (operand === "m") {
        if (reader.integer() & 0x40) reader.integer();
        const offset = reader.integer();
        if (reader.width === PADDED) relocated.add(offset);
      } else if (operand === "v") reader.list(() => reader.integer(true));
      else reader.at += Number(operand);
    }
  }
  if (reader.at !== end) throw new Error(`an unknown instruction in a function at ${start}`);
  return { functions, relocated };
}

/**
 * Bytes of a relocated LEB128 integer: linkers pad addresses and table slots to full width; compilers write constants
 * short.
 */
const PADDED = 5;

/**
 * Maps each function and each object in memory to those it refers to. The node of a function is its index, the node of
 * an object its address, which is larger than any index. References in code are exact. References in memory are
 * guessed, because a linked module has no object bounds and a small integer may or may not be a table slot.
 */
export function references(module) {
  const { functions, table } = module;
  const edges = new Map();
  const link = (from, to) => {
    if (!edges.has(from)) edges.set(from, new Set());
    edges.get(from).add(to);
  };
  const memory = new Memory(module);
  const bodies = functions.map((each) => (each.imported ? undefined : referencesOf(module, each)));
  for (const each of bodies) for (const value of each?.relocated ?? []) memory.note(value);
  const inCode = new Set(memory.starts);
  memory.divide();
  for (const [index, each] of bodies.entries()) {
    for (const called of each?.functions ?? []) link(index, called);
    for (const value of each?.relocated ?? []) {
      if (memory.has(value)) link(index, memory.objectAt(value));
      else if (table.has(value)) link(index, table.get(value));
    }
  }
  for (const { start, words } of memory.objects()) {
    if (memory.isNumeric(words)) continue;
    for (const word of words) if (memory.has(word)) link(start, memory.objectAt(word));
    for (const slot of memory.slots(start, words, inCode.has(start))) link(start, table.get(slot));
  }
  return edges;
}

/**
 * Longest static, in words, that is searched for function pointers. Longer ones, except vtables, are tables of numbers.
 */
const MAX_WORDS = 16;

/** A module's data, divided into objects: each address that code or data refers to starts one. */
class Memory {
  constructor({ data, table }) {
    this.table = table;
    this.segments = data.filter(({ address }) => address !== undefined);
    for (const each of this.segments)
      each.view = new DataView(each.bytes.buffer, each.bytes.byteOffset, each.bytes.length);
    this.starts = new Set(this.segments.map(({ address }) => address));
  }
  segment(address) {
    return this.segments.find(({ address: from, bytes }) => address >= from && address < from + bytes.length);
  }
  has(address) {
    return this.segment(address) !== undefined;
  }
  note(value) {
    if (this.has(value)) this.starts.add(value);
  }
  /** The aligned words between two addresses, up to the end of the segment. */
  words(from, to = Infinity) {
    const { address, bytes, view } = this.segment(from);
    const words = [];
    const end = Math.min(to - address, bytes.length);
    for (let at = ((from + 3) & ~3) - address; at + 4 <= end; at += 4) words.push(view.getUint32(at, true));
    return words;
  }
  divide() {
    for (const { address } of this.segments) for (const word of this.words(address)) this.note(word);
    this.sorted = Uint32Array.from(this.starts).sort();
    this.vtables = new Set(this.sorted.filter((start) => this.isVtable(start)));
  }
  objectAt(address) {
    let [low, high] = [0, this.sorted.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle] <= address) low = middle;
      else high = middle;
    }
    return this.sorted[low];
  }
  *objects() {
    for (const [i, start] of this.sorted.entries()) yield { start, words: this.words(start, this.sorted[i + 1]) };
  }
  /** A vtable has a destructor or null, size, alignment, then methods. */
  isVtable(start) {
    if (start & 3) return false;
    const [drop, size, align, method] = this.words(start, start + 16);
    if (drop !== 0 && !this.table.has(drop)) return false;
    return (
      [1, 2, 4, 8, 16].includes(align) && size < 2 ** 20 && size % align === 0 && (drop !== 0 || this.table.has(method))
    );
  }
  /**
   * Whether the words are text or a table of numbers, some of which have the value of an address by chance. A word is
   * taken for a pointer only if it is aligned or, like a pointer to text, followed by a length.
   */
  isNumeric(words) {
    const isLarge = (word) => word >= 2 ** 16;
    const pointers = words.filter((word, i) => this.has(word) && ((word & 3) === 0 || !isLarge(words[i + 1])));
    return words.filter((word) => isLarge(word)).length > 1.5 * pointers.length;
  }
  /** The table slots in an object. `named`: code refers to the object, which is rare for arrays of small integers. */
  slots(start, words, named) {
    const isSlot = (word) => this.table.has(word);
    if (this.vtables.has(start)) {
      // Read on across false object starts, up to the next certain one. No vtable has a hundred methods.
      const slots = isSlot(words[0]) ? [words[0]] : [];
      for (const [i, word] of this.words(start, start + 448).entries()) {
        if (i < 3) continue;
        if (this.vtables.has(start + 4 * i) || !(isSlot(word) || this.vtables.has(word))) break;
        if (isSlot(word)) slots.push(word);
      }
      return slots;
    }
    if (words.length > MAX_WORDS || words.some((word) => word !== 0 && !isSlot(word) && !this.has(word))) return [];
    const slots = words.filter((word, i) => isSlot(word) && !this.has(words[i - 1]) && !this.inLocation(words, i));
    const known = named || this.segment(start).name !== ".rodata" || words.some((word) => this.has(word));
    // The linker gives the functions of statics consecutive slots, in the order of the statics.
    return known ? slots : slots.filter((slot) => this.around(start).some((word) => Math.abs(word - slot) === 1));
  }
  around(start) {
    return this.words(Math.max(start - 4, this.segment(start).address), start + 8);
  }
  /** Whether word `i` is the line or the column of a panic location: file name, its length, line, column. */
  inLocation(words, i) {
    return [i - 2, i - 3].some((name) => {
      const found = name >= 0 && this.segment(words[name]);
      if (!found) return false;
      const end = words[name] - found.address + words[name + 1];
      return new TextDecoder().decode(found.bytes.subarray(end - 3, end + 1)).includes(".rs");
    });
  }
}

/** The nodes that can be reached from `roots` without passing through `removed`, each with the node before it. */
export function reachable(edges, roots, removed = new Set()) {
  const met = new Map(roots.filter((root) => !removed.has(root)).map((root) => [root, undefined]));
  for (const from of met.keys()) {
    for (const to of edges.get(from) ?? []) if (!met.has(to) && !removed.has(to)) met.set(to, from);
  }
  return met;
}
