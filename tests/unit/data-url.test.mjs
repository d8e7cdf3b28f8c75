// data: URLs are decoded as the platform's own fetch decodes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { importSource } from "./source.mjs";

const { decodeDataUrl } = await importSource("model/data-url.ts");

for (const url of [
  "data:application/json,{}",
  'data:application/json,{"a":"b?c","d":1}',
  "data:application/json;base64,eyJhIjoi4oKsIn0=",
  "data:application/json;base64,eyJhIjoi4oKsIn0%3D",
  "data:text/plain;charset=utf-8,Gr%C3%B6%C3%9Fe",
  "data:text/plain,Größe",
  "data:application/octet-stream;base64,AP/+gAE=",
  "data:text/plain,a%20b#fragment",
  "data:text/plain,100%",
  "data:,",
]) {
  test(url, async () => {
    const [ours, theirs] = [decodeDataUrl(new URL(url)), await fetch(url)];
    assert.deepEqual(new Uint8Array(await ours.arrayBuffer()), new Uint8Array(await theirs.arrayBuffer()));
  });
}
