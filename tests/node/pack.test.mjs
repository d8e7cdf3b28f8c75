// The command `litmus-text pack`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClassifier } from "litmus-text";

const installed = fileURLToPath(new URL("./", import.meta.resolve("litmus-text/package.json")));
const pack = (...args) => promisify(execFile)(process.execPath, [join(installed, "dist/cli.js"), "pack", ...args]);

let folder;
let packaged;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "litmus pack-"));
  await cp(join(installed, "models/english"), folder, { recursive: true });
  packaged = JSON.parse(await readFile(join(folder, "litmus.json"), "utf8"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const readManifest = async () => JSON.parse(await readFile(join(folder, "litmus.json"), "utf8"));

test("it writes what the packaged model's own litmus.json has, and keeps the other keys", async () => {
  await writeFile(join(folder, "litmus.json"), JSON.stringify({ ...packaged, files: { "old.onnx": { bytes: 1 } } }));
  const { stdout } = await pack(folder);
  const manifest = await readManifest();
  for (const [path, entry] of Object.entries(packaged.files)) {
    assert.deepEqual(manifest.files[path], entry, path);
    assert.ok(stdout.includes(`${entry.sha256}  ${entry.bytes}  ${path}\n`), path);
  }
  assert.deepEqual(Object.keys(manifest.files).sort(), Object.keys(packaged.files).sort());
  assert.deepEqual({ ...manifest, files: 0 }, { ...packaged, files: 0 });
});

test("without a litmus.json it makes one, and the files are checked against it", async () => {
  await rm(join(folder, "litmus.json"));
  await pack(folder);
  const classifier = await createClassifier({ model: folder });
  const sums = classifier.info.files.map(({ path, sha256 }) => [path, sha256]);
  classifier.close();
  assert.deepEqual(
    sums,
    ["config.json", "tokenizer.json", "model.onnx"].map((path) => [path, packaged.files[path].sha256]),
  );
  await writeFile(join(folder, "config.json"), "{}");
  await assert.rejects(createClassifier({ model: folder }), { code: "checksum-mismatch" });
});

test("what is missing or wrong is named", async () => {
  const fails = (args, message) =>
    assert.rejects(pack(...args), ({ code, stderr }) => {
      assert.equal(code, 1);
      assert.match(stderr, message);
      return true;
    });
  await fails([join(folder, "missing")], /missing is not a folder that can be read/);
  await writeFile(join(folder, "litmus.json"), "{");
  await fails([folder], /litmus\.json is not JSON: mend or remove it/);
  await rm(join(folder, "model.onnx"));
  await fails([folder], /has no model\.onnx or onnx\/model_quantized\.onnx or onnx\/model\.onnx/);
  await fails([], /^pack needs a FOLDER: /);
});
