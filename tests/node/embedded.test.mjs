// The embedded build in Node: once loaded, it touches neither the network nor the disk.
import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { classifier, LitmusError, load, predict } from "litmus-text/embedded";
import { memory } from "./instances.mjs";

test("predicts, and recovers from a trap, without fetch and without files", async () => {
  await load();
  const forbidden = () => {
    throw new Error("not without a network or a disk");
  };
  const { fetch } = globalThis;
  const { readFile, promises, readFileSync, createReadStream } = fs;
  const read = promises.readFile;
  globalThis.fetch = forbidden;
  Object.assign(fs, { readFile: forbidden, readFileSync: forbidden, createReadStream: forbidden });
  promises.readFile = forbidden;
  syncBuiltinESMExports();
  try {
    const both = await predict(["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"]);
    assert.deepEqual(
      both.map(({ label }) => label),
      ["positive", "negative"],
    );
    await assert.rejects(predict(""), { code: "empty-text" });
    await assert.rejects(predict(1), (error) => error instanceof LitmusError && error.code === "invalid-input");
    assert.equal((await predict("good")).label, "positive");
    assert.ok((await classifier()).labels.includes("negative"));
    new Uint8Array(memory.buffer).fill(0xff);
    await assert.rejects(predict("good"), { code: "internal" });
    assert.equal((await predict("good")).label, "positive");
  } finally {
    globalThis.fetch = fetch;
    Object.assign(fs, { readFile, readFileSync, createReadStream });
    promises.readFile = read;
    syncBuiltinESMExports();
  }
});

test("agrees with the package whose model is fetched", async () => {
  const fetched = await import("litmus-text");
  const texts = ["I loved every minute of it.", "The soup was cold."];
  assert.deepEqual(await predict(texts), await fetched.predict(texts));
});
