// wasm-bindgen's JavaScript and WebAssembly know each other by long names with a hash in each, which compress badly:
// 0.5 kB of what a page downloads as JavaScript. Here they become short ones.

const IMPORTS = 2;
const FUNCTION = 0;

/** Reads and writes what WebAssembly is made of, from `at` on. */
class Reader {
  constructor(bytes, at = 0) {
    Object.assign(this, { bytes, at });
  }

  number() {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  take(length) {
    return this.bytes.subarray(this.at, (this.at += length));
  }

  text() {
    return new TextDecoder().decode(this.take(this.number()));
  }
}

const number = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)]);
const text = (value) => [...number(value.length), ...new TextEncoder().encode(value)];

/** The section's content with each import renamed by `rename`. */
function renamed(section, rename) {
  const reader = new Reader(section);
  const count = reader.number();
  const bytes = number(count);
  for (let i = 0; i < count; i++) {
    const [module, name] = [reader.text(), reader.text()];
    if (reader.take(1)[0] !== FUNCTION) throw new Error(`${name} is imported and no function`);
    bytes.push(...text(rename(module)), ...text(rename(name)), FUNCTION, ...number(reader.number()));
  }
  return bytes;
}

/** Resolves to the same two with short names for what the one imports of the other. */
export function shorten(wasm, js) {
  const names = new Map();
  const rename = (name) => {
    if (!names.has(name)) names.set(name, `$${names.size.toString(36)}`);
    return names.get(name);
  };
  const reader = new Reader(wasm, 8);
  while (reader.at < wasm.length) {
    const start = reader.at;
    const id = reader.take(1)[0];
    const section = reader.take(reader.number());
    if (id !== IMPORTS) continue;
    const bytes = renamed(section, rename);
    const short = Buffer.from([id, ...number(bytes.length), ...bytes]);
    // As keys of objects: `__wbg_error_d1fc0193610e0e39: function(…)`, `"./litmus_text_bg.js": import0`.
    const keys = js.replace(/^(\s+)"?([\w./]+)"?(?=: (?:function|import0)\b)/gm, (key, indent, name) => {
      return names.has(name) ? `${indent}${names.get(name)}` : key;
    });
    return { wasm: Buffer.concat([wasm.subarray(0, start), short, wasm.subarray(reader.at)]), js: keys };
  }
  throw new Error("the WebAssembly imports nothing");
}
