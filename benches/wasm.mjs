// Parses a linked wasm: functions with names and sizes, data, function table.

/** Reads values from bytes, from the offset `at` on. */
export class Reader {
  constructor(bytes, at) {
    Object.assign(this, { bytes, at, width: 0 });
  }
  byte() {
    return this.bytes[this.at++];
  }
  /** A LEB128 integer: its lower 32 bits. `width` is then the number of bytes that it took. */
  integer(signed = false) {
    const start = this.at;
    let value = 0;
    let shift = 0;
    let byte;
    do {
      byte = this.byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    this.width = this.at - start;
    if (!signed) return value >>> 0;
    return shift < 32 && byte & 0x40 ? value | (-1 << shift) : value;
  }
  list(read) {
    return Array.from({ length: this.integer() }, (_, i) => read(i));
  }
  slice(length) {
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }
  text() {
    return new TextDecoder().decode(this.slice(this.integer()));
  }
  /** A constant expression: N of `i32.const N end`, or undefined for any other. */
  constant() {
    const opcode = this.byte();
    const value = this.integer(true);
    this.at++; // end
    return opcode === 0x41 ? value >>> 0 : undefined;
  }
}

/**
 * The parts of a module. Function indices are those of calls: imported functions come first.
 * @param {Uint8Array} bytes
 */
export function parse(bytes) {
  const module = { bytes, sections: [], functions: [], data: [], table: new Map(), roots: [] };
  const reader = new Reader(bytes, 8);
  const limits = () => (reader.integer() & 1 ? [reader.integer(), reader.integer()] : [reader.integer()]);
  const table = () => [reader.byte(), limits()];
  const imports = [() => reader.integer(), table, limits, () => (reader.at += 2)]; // function, table, memory, global
  const read = {
    2: () =>
      reader.list(() => {
        const name = `${reader.text()}.${reader.text()}`;
        const kind = reader.byte();
        imports[kind]();
        if (kind === 0) module.functions.push({ name, size: 0, imported: true });
      }),
    7: () =>
      reader.list(() => {
        reader.text();
        if (reader.byte() === 0) module.roots.push(reader.integer());
        else reader.integer();
      }),
    8: () => module.roots.push(reader.integer()),
    // Only the form that linkers write: one table, function indices, a constant offset.
    9: () =>
      reader.list(() => {
        if (reader.integer() !== 0) throw new Error("unknown form of element segment");
        const first = reader.constant();
        reader.list((i) => module.table.set(first + i, reader.integer()));
      }),
    10: () =>
      reader.list(() => {
        const before = reader.at;
        const size = reader.integer();
        const start = reader.at;
        const end = start + size;
        module.functions.push({ name: `function ${module.functions.length}`, size: end - before, start, end });
        reader.at = end;
      }),
    11: () =>
      reader.list(() => {
        const mode = reader.integer();
        if (mode === 2) reader.integer();
        const address = mode === 1 ? undefined : reader.constant();
        module.data.push({ address, bytes: reader.slice(reader.integer()) });
      }),
  };
  const names = {
    1: () =>
      reader.list(() => {
        const index = reader.integer();
        module.functions[index].name = reader.text();
      }),
    9: () =>
      reader.list(() => {
        const index = reader.integer();
        module.data[index].name = reader.text();
      }),
  };
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.integer();
    const end = reader.at + size;
    const name = id === 0 ? reader.text() : (SECTIONS[id] ?? `section ${id}`);
    module.sections.push({ name, size });
    if (name === "name") {
      while (reader.at < end) {
        const part = reader.byte();
        const partSize = reader.integer();
        const partEnd = reader.at + partSize;
        names[part]?.();
        reader.at = partEnd;
      }
      module.named = true;
    }
    read[id]?.();
    reader.at = end;
  }
  return module;
}

const SECTIONS = [
  "",
  "type",
  "import",
  "function",
  "table",
  "memory",
  "global",
  "export",
  "start",
  "element",
  "code",
  "data",
  "data count",
  "tag",
];
