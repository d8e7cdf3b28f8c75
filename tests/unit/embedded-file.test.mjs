// The embedded build as tools/embedded-file.mjs writes it and as the package reads it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { appendFiles } from "../../tools/embedded-file.mjs";
import { importSource } from "./source.mjs";

const { splitFile } = await importSource("model/embedded-file.ts");

/** An empty module, and one with a custom section of its own. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const WITH_SECTION = Uint8Array.of(...EMPTY, 0, 3, 1, 0x78, 7);

const files = [
  ["config.json", Uint8Array.of(1, 2, 3)],
  ["empty", new Uint8Array()],
  ["model.onnx", new Uint8Array(100_000).map((_, i) => i % 251)],
];

/** In a buffer of its own, as a download is. */
const embedded = (wasm, files) => new Uint8Array(appendFiles(wasm, files));

for (const [name, wasm] of Object.entries({
  "an empty module": EMPTY,
  "a module with a custom section": WITH_SECTION,
})) {
  test(`${name} and its files are split as they were appended, without a copy`, async () => {
    const bytes = embedded(wasm, files);
    const parts = splitFile(bytes);
    assert.deepEqual(parts.code, wasm);
    assert.deepEqual(Object.entries(parts.files), files);
    assert.ok(Object.values(parts.files).every(({ buffer }) => buffer === bytes.buffer));
    await WebAssembly.compile(parts.code);
    await WebAssembly.compile(bytes); // any engine reads the whole file, too
  });
}

test("a file that is cut off anywhere, or has no model, is rejected", () => {
  const bytes = embedded(WITH_SECTION, [["a", Uint8Array.of(1, 2, 3)]]);
  splitFile(bytes);
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => splitFile(bytes.slice(0, length)), `${length} bytes`);
  assert.throws(() => splitFile(EMPTY));
});
