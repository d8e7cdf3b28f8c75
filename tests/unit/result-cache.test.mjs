// What the keys of the service's stored predictions depend on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { importSource, importVersion } from "./source.mjs";

const { ResultCache } = await importSource("handler/result-cache.ts");

const INFO = {
  name: "own",
  version: "1.0.0",
  files: [{ path: "model.onnx", sha256: "ab" }],
  precision: { option: "auto", floatLayers: [] },
  labels: ["good", "bad"],
};
/** The key of a caller's store, which may outlive the process. */
const keyWith = (info) =>
  new ResultCache({ get() {}, set() {} }, () => {}).key({ info: { ...INFO, ...info } }, { topK: 1 }, "a text");

test("the same model has the same key in another process", async () => {
  assert.equal(await keyWith(), await keyWith());
  assert.match(await keyWith(), /^[0-9a-f]{64}$/);
});

test("another version, file, precision or task has another key", async () => {
  const others = [
    { name: "other" },
    { version: "1.0.1" },
    { files: [{ path: "model.onnx", sha256: "cd" }] },
    { labels: ["bad"] },
    { precision: { option: "float32", floatLayers: [] } },
  ];
  const keys = await Promise.all([{}, ...others].map(keyWith));
  assert.equal(new Set(keys).size, keys.length);
});

test("without a checksum of a file, no key is used twice", async () => {
  const files = [...INFO.files, { path: "head", sha256: null }];
  assert.notEqual(await keyWith({ files }), await keyWith({ files }));
});

test("another version of the package has another key", async () => {
  const key = ({ ResultCache }) => new ResultCache({ get() {}, set() {} }, () => {}).key({ info: INFO }, {}, "a text");
  const later = await importVersion("1.2.4", "handler/result-cache.ts");
  assert.notEqual(await key(later), await key({ ResultCache }));
});
