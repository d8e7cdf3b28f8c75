// What `litmus-text pack` writes into litmus.json.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { graphWithWeightsIn } from "./onnx.mjs";
import { importSource } from "./source.mjs";

const { packFolder } = await importSource("model/pack-folder.ts");

test("files of weights are packed whatever their names are, if the graph names them", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "litmus-pack-"));
  t.after(() => rm(folder, { recursive: true }));
  const graph = graphWithWeightsIn("weights.bin", "model.onnx_data_1", "missing.bin");
  const files = { "config.json": "{}", "tokenizer.json": "{}", "model.onnx": graph, "other.bin": "" };
  for (const [name, text] of Object.entries({ ...files, "weights.bin": "w", "model.onnx_data_1": "w" }))
    await writeFile(join(folder, name), text);
  assert.deepEqual(Object.keys(await packFolder(folder)), [
    "config.json",
    "model.onnx",
    "model.onnx_data_1",
    "tokenizer.json",
    "weights.bin",
  ]);
});
