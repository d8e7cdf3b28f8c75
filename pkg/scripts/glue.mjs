// Makes of wasm-bindgen's JavaScript what the package needs of it: a function that instantiates the module afresh at each
// call, so that a thread whose instance has crashed can have another, and that is small.

const IMPORTS = 2;
const EXPORTS = 7;
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

/** The content of the section of imports or exports, with other names. */
function renamed(id, section, rename) {
  const reader = new Reader(section);
  const count = reader.number();
  const bytes = number(count);
  for (let i = 0; i < count; i++) {
    const names = id === IMPORTS ? [reader.text(), reader.text()] : [reader.text()];
    const kind = reader.take(1)[0];
    if (id === IMPORTS && kind !== FUNCTION) throw new Error(`${names} is imported and no function`);
    bytes.push(...names.flatMap((name) => text(rename(name))), kind, ...number(reader.number()));
  }
  return bytes;
}

/** JavaScript and WebAssembly know each other by long names, which compress badly: short ones for those that only they know. */
function shorten(wasm, js) {
  const names = new Map();
  const rename = (name) => {
    if (/^(?:memory|start$|wasm)/.test(name)) return name;
    if (!names.has(name)) names.set(name, `$${names.size.toString(36)}`);
    return names.get(name);
  };
  const reader = new Reader(wasm, 8);
  const parts = [wasm.subarray(0, 8)];
  while (reader.at < wasm.length) {
    const start = reader.at;
    const id = reader.take(1)[0];
    const section = reader.take(reader.number());
    if (id === IMPORTS || id === EXPORTS) {
      const bytes = renamed(id, section, rename);
      parts.push(Buffer.from([id, ...number(bytes.length), ...bytes]));
    } else {
      parts.push(wasm.subarray(start, reader.at));
    }
  }
  const short = js
    // Imports are keys of objects: `__wbg_error_d1fc0193610e0e39: function(…)`, `"./litmus_text_bg.js": import0`.
    .replace(/^(\s+)"?([\w./]+)"?(?=: (?:function|import0)\b)/gm, (key, indent, name) => indent + (names.get(name) ?? key.trim()))
    .replace(/\bwasm\.(\w+)/g, (use, name) => `wasm.${names.get(name) ?? name}`);
  return { wasm: Buffer.concat(parts), js: short };
}

/** Replaces what must be there. */
function replace(js, pattern, replacement = "") {
  const changed = js.replace(pattern, replacement);
  if (changed === js) throw new Error(`wasm-bindgen's JavaScript has no ${pattern} any more`);
  return changed;
}

/** What replaces a function's body, by its name: less code, as fast for what crosses the boundary here. */
const bodies = {
  // No views are kept: memory that grows would end them.
  getDataViewMemory0: "return new DataView(wasm.memory.buffer);",
  getUint8ArrayMemory0: "return new Uint8Array(wasm.memory.buffer);",
  // Safari's decoders fail after two gigabytes: each string has its own.
  decodeText: 'return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);',
  passStringToWasm0: `
    const bytes = new TextEncoder().encode(arg);
    const ptr = malloc(bytes.length, 1) >>> 0;
    getUint8ArrayMemory0().set(bytes, ptr);
    WASM_VECTOR_LEN = bytes.length;
    return ptr;`,
};

/** The module of wasm-bindgen's, which has one instance, as a function that makes one. */
function instantiable(js) {
  const names = [...js.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name);
  let body = replace(js, /^export \{.*\};$/gm).replace(/^export /gm, "");
  for (const [name, lines] of Object.entries(bodies)) {
    body = replace(body, new RegExp(`^(function ${name}\\(.*\\) \\{)[^]*?^\\}$`, "m"), `$1 ${lines} }`);
  }
  body = replace(body, /^(?:const|let) cached[^]*?;$/gm);
  body = replace(body, /^cachedTextDecoder.*$|^if \(!\('encodeInto'[^]*?^\}$|^\s*cached\w+ = null;$/gm);
  // Classifiers are freed by hand.
  body = replace(body, /^const \w+Finalization = [^]*?\);$/gm);
  body = replace(body, /^\s*\w+Finalization\.\w+\(.*\);$|^if \(Symbol\.dispose\).*$/gm);
  return `export async function instantiate(module) {
${body}
__wbg_finalize_init(await WebAssembly.instantiate(module, __wbg_get_imports()), module);
return { memory: wasm.memory, ${names.filter((name) => name !== "start").join(", ")} };
}
`;
}

/** The types of that function, beside those of what it gives. */
function types(dts) {
  const classes = replace(dts, /^export type InitInput[^]*/m);
  const embedded = /^export function embedded/m.test(classes) ? "; embedded: typeof embedded" : "";
  return `${classes}
export function instantiate(
  module: WebAssembly.Module,
): Promise<{ memory: WebAssembly.Memory; WasmClassifier: typeof WasmClassifier${embedded} }>;
`;
}

/** From the files that wasm-bindgen wrote. */
export function reshape(wasm, js, dts) {
  const short = shorten(wasm, js);
  return { wasm: short.wasm, js: instantiable(short.js), dts: types(dts) };
}
