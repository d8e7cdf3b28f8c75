// What Node's platform says of files that cannot be read.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { importSource } from "./source.mjs";

const { openFirst, useNode } = await importSource("platform/node.ts", "model/download.ts");
useNode();

const { signal } = new AbortController();

test("a file that does not exist is not found; one that cannot be read says why", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "litmus-unit-"));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "config.json"));
  const open = (name) => openFirst([{ url: pathToFileURL(join(folder, name)).href }], signal);
  await assert.rejects(open("model.onnx"), { code: "model-not-found", message: /model\.onnx: there is no such file$/ });
  await assert.rejects(open("config.json"), { code: "download-failed", message: /config\.json: EISDIR: / });
});
