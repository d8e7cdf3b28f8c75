// Which functions of a linked wasm refer to which, by calling them or by way of memory.
import { Reader } from "./wasm.mjs";

/**
 * What follows an opcode: i and s are LEB128 integers, digits that many bytes, m a memory operand,
 * v a list of integers. Opcodes that are not here have nothing after them.
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
const ATOMIC = operands({ m: [[0, 2], [16, 78]], 1: [3] });
const PREFIXED = { 0xfc: BULK, 0xfd: SIMD, 0xfe: ATOMIC };

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

/** The function numbers that a body calls or names, and the numbers in it that the linker filled in. */
function mentions(module, { start, end }) {
  const reader = new Reader(module.bytes, start);
  const functions = new Set();
  const relocated = new Set();
  reader.list(() => [reader.integer(), reader.integer(true)]);
  while (reader.at < end) {
    const opcode = reader.byte();
    const prefixed = PREFIXED[opcode];
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

/** Linkers write addresses and table slots at full width, to fill them in later; compilers write their own numbers short. */
const PADDED = 5;

/**
 * Which functions and objects in memory refer to which: from a node to those it names. A function
 * is a node by its number, an object by its address, which is larger. In code, references are
 * told apart exactly. In memory they are recognised by their look: objects have no bounds in a
 * linked module, and a small number may or may not stand for a function.
 */
export function references(module) {
  const { functions, table } = module;
  const edges = new Map();
  const link = (from, to) => {
    if (!edges.has(from)) edges.set(from, new Set());
    edges.get(from).add(to);
  };
  const memory = new Memory(module);
  const mentioned = functions.map((each) => (each.imported ? undefined : mentions(module, each)));
  for (const each of mentioned) for (const value of each?.relocated ?? []) memory.note(value);
  const inCode = new Set(memory.starts);
  memory.divide();
  for (const [index, each] of mentioned.entries()) {
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

/** How large a static with function pointers may be, unless it is a vtable: longer ones are tables of numbers. */
const MOST_WORDS = 16;

/** A module's data, divided into objects at the addresses that something mentions. */
class Memory {
  constructor({ data, table }) {
    this.table = table;
    this.segments = data.filter(({ address }) => address !== undefined);
    for (const each of this.segments) each.view = new DataView(each.bytes.buffer, each.bytes.byteOffset, each.bytes.length);
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
  /** The aligned words between two addresses, as far as there is data. */
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
  /** Destructor or none, size, alignment, then methods. */
  isVtable(start) {
    if (start & 3) return false;
    const [drop, size, align, method] = this.words(start, start + 16);
    if (drop !== 0 && !this.table.has(drop)) return false;
    return [1, 2, 4, 8, 16].includes(align) && size < 2 ** 20 && size % align === 0 && (drop !== 0 || this.table.has(method));
  }
  /**
   * Text, or a table of numbers, of which some fall where addresses are: what points there is no
   * address if it is neither aligned nor, as text is, followed by a length.
   */
  isNumeric(words) {
    const isLarge = (word) => word >= 2 ** 16;
    const pointers = words.filter((word, i) => this.has(word) && ((word & 3) === 0 || !isLarge(words[i + 1])));
    return words.filter((word) => isLarge(word)).length > 1.5 * pointers.length;
  }
  /** The table slots that an object holds; `named`: code mentions it, which arrays of small numbers are rarely. */
  slots(start, words, named) {
    const isSlot = (word) => this.table.has(word);
    if (this.vtables.has(start)) {
      // Beyond what may only look like a start, to where something else must begin; none has a hundred methods.
      const slots = isSlot(words[0]) ? [words[0]] : [];
      for (const [i, word] of this.words(start, start + 448).entries()) {
        if (i < 3) continue;
        if (this.vtables.has(start + 4 * i) || !(isSlot(word) || this.vtables.has(word))) break;
        if (isSlot(word)) slots.push(word);
      }
      return slots;
    }
    if (words.length > MOST_WORDS || words.some((word) => word !== 0 && !isSlot(word) && !this.has(word))) return [];
    const slots = words.filter((word, i) => isSlot(word) && !this.has(words[i - 1]) && !this.inLocation(words, i));
    const known = named || this.segment(start).name !== ".rodata" || words.some((word) => this.has(word));
    // Functions that statics need are numbered one after the other, in the order of the statics.
    return known ? slots : slots.filter((slot) => this.around(start).some((word) => Math.abs(word - slot) === 1));
  }
  around(start) {
    return this.words(Math.max(start - 4, this.segment(start).address), start + 8);
  }
  /** The line or column of a panic's location: file name, its length, line, column. */
  inLocation(words, i) {
    return [i - 2, i - 3].some((name) => {
      const found = name >= 0 && this.segment(words[name]);
      if (!found) return false;
      const end = words[name] - found.address + words[name + 1];
      return new TextDecoder().decode(found.bytes.subarray(end - 3, end + 1)).includes(".rs");
    });
  }
}

/** Everything that the given nodes lead to, without passing through `removed`; each with the node it was met from. */
export function reachable(edges, roots, removed = new Set()) {
  const met = new Map(roots.filter((root) => !removed.has(root)).map((root) => [root, undefined]));
  for (const from of met.keys()) {
    for (const to of edges.get(from) ?? []) if (!met.has(to) && !removed.has(to)) met.set(to, from);
  }
  return met;
}
