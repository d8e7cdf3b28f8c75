// The embedded build: the WebAssembly module, followed by the model's files, each as a custom section. WebAssembly engines skip
// custom sections, and pkg/src/model/embedded-file.ts compiles only the part before them.

// Both are also in pkg/src/model/embedded-file.ts.
const CUSTOM_SECTION = 0;
const PREFIX = "litmus.";

/** An unsigned integer in LEB128. */
const leb128 = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)]);

/** Appends files to a module. `files`: pairs of a name and the file's bytes. */
export function appendFiles(wasm, files) {
  const sections = files.flatMap(([name, bytes]) => {
    const label = Buffer.from(PREFIX + name);
    const head = Buffer.from([...leb128(label.length), ...label]);
    return [Buffer.from([CUSTOM_SECTION, ...leb128(head.length + bytes.length)]), head, bytes];
  });
  return Buffer.concat([wasm, ...sections]);
}
