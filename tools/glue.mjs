// Makes of wasm-bindgen's JavaScript what the package needs of it: a function that instantiates the module afresh at each
// call, so that a thread whose instance has crashed can have another, and that is small. What the module exports is called
// as it is: pkg/src/instance.ts.

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
    if (/^(?:memory|embedded|(?:__wbg_)?wasm)/.test(name)) return name;
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
  getArrayU8FromWasm0: "return new Uint8Array(wasm.memory.buffer, ptr >>> 0, len);",
  // Safari's decoders fail after two gigabytes: each string has its own.
  getStringFromWasm0: 'return new TextDecoder("utf-8", { ignoreBOM: true }).decode(getArrayU8FromWasm0(ptr, len));',
};

/** The module of wasm-bindgen's, which has one instance and wraps it, as a function that makes one and gives its exports. */
function instantiable(js) {
  let body = replace(js, /^export \{.*\};$/gm).replace(/^export /gm, "");
  for (const [name, lines] of Object.entries(bodies)) {
    body = replace(body, new RegExp(`^(function ${name}\\(.*\\) \\{)[^]*?^\\}$`, "m"), `$1 ${lines} }`);
  }
  // Classes with their finalizers, and what is kept for the functions replaced.
  body = replace(body, /^class [^]*?^\}$|^const \w+Finalization = [^]*?\);$|^if \(Symbol\.dispose\).*$/gm);
  body = replace(body, /^(?:const|let) cached[^]*?;$|^cachedTextDecoder.*$|^\s*cached\w+ = null;$/gm);
  // An import that throws ends the call, as a trap does: nobody here can do without it.
  body = replace(body, /function\(\) \{ return handleError\(function (\(.*\)) \{([^]*?)\}, arguments\); \}/g, "function$1 {$2}");
  // What is asked of it is made by us: no proxy that throws, and no name that `Object.prototype` has.
  body = replace(body, /let result;\s+try \{\s+result = (.*);\s+\} catch[^]*?\}\s+const ret = result;/g, "const ret = $1;");
  body = replace(body, /^\s+__proto__: null,$/gm);
  return `export async function instantiate(module, linkKernel) {
${body}
wasm = (await WebAssembly.instantiate(module, __wbg_get_imports())).exports;
wasm.__wbindgen_start();
return wasm;
}
`;
}

/** The type of that function, and of the exports. */
function types(dts) {
  const [exports] = dts.match(/^export interface InitOutput \{[^]*?^\}$/m);
  return `${exports}

export function instantiate(
  module: WebAssembly.Module,
  linkKernel: (kernel: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory, table: WebAssembly.Table) => number,
): Promise<InitOutput>;
`;
}

/** From the files that wasm-bindgen wrote. */
export function reshape(wasm, js, dts) {
  return { ...shorten(wasm, instantiable(js)), dts: types(dts) };
}
