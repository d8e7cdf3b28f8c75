// The files of the installed package: those that were packed, with what they are made of.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const installed = fileURLToPath(new URL("./", import.meta.resolve("litmus-text/package.json")));

test("SHA256SUMS has every file that ships, as it is", async () => {
  const lines = (await readFile(join(installed, "SHA256SUMS"), "utf8")).trimEnd().split("\n");
  const listed = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length));
  const paths = files.map((file) => file.replaceAll("\\", "/")).filter((path) => path !== "SHA256SUMS");
  assert.deepEqual([...listed.keys()].sort(), paths.sort());
  for (const [path, sum] of listed) {
    assert.equal(
      createHash("sha256")
        .update(await readFile(join(installed, path)))
        .digest("hex"),
      sum,
      path,
    );
  }
});

test("files on disk are read without the classes of fetch, which Node loads when they are first used", async () => {
  const program = `
    for (const name of ["Response", "ReadableStream", "TransformStream"]) delete globalThis[name];
    const { createClassifier } = await import("litmus-text");
    const classifier = await createClassifier({ onProgress() {} });
    console.log((await classifier.predict("I loved it")).label);`;
  const args = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname });
  assert.equal(stdout, "positive\n");
});

test("the licence of each bundled package has its text", async () => {
  const text = await readFile(join(installed, "dist/LICENSES.md"), "utf8");
  const parts = text.split(/^(\S+) [0-9.]+, .* is part of \S+\.$/m).slice(1);
  const names = parts.filter((_, i) => i % 2 === 0);
  assert.deepEqual(names, ["lru-cache", "@cfworker/json-schema", "papaparse"]);
  for (const [i, name] of names.entries()) assert.ok(parts[2 * i + 1].trim().length > 500, name);
});

test("the licences of all that is compiled in, and of the model, come with it", async () => {
  const text = await readFile(join(installed, "THIRD-PARTY-LICENSES.txt"), "utf8");
  for (const part of [
    "tract-core ",
    "tokenizers ",
    "wasm-bindgen ",
    "models/english",
    "models/multilingual",
    "Permission is hereby granted",
    "Apache License",
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.match(await readFile(join(installed, "LICENSE-APACHE"), "utf8"), /Apache License/);
});

test("the bill of materials names every part with its checksum and licence", async () => {
  const bill = JSON.parse(await readFile(join(installed, "sbom.cdx.json"), "utf8"));
  assert.equal(bill.bomFormat, "CycloneDX");
  const { components } = bill;
  for (const { name, hashes, licenses } of components) {
    assert.ok(licenses[0].expression, name);
    // Its replacement is in this repository.
    assert.equal(hashes?.[0].content.length, name === "inventory" ? undefined : 64, name);
  }
  const models = components.filter(({ type }) => type === "machine-learning-model");
  assert.equal(models.length, 2);
  for (const { name, hashes } of models) {
    const { files } = JSON.parse(await readFile(join(installed, "models", name.split("/")[1], "litmus.json"), "utf8"));
    assert.equal(hashes[0].content, files["model.onnx"].sha256, name);
  }
});
