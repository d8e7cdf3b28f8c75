import assert from "node:assert/strict";
import { test } from "node:test";
import { LAYOUT as demoLayout } from "../../www/model-layout.js";
import { importSource } from "./source.mjs";

const { LAYOUT } = await importSource("model/layout.ts");

test("the demo looks for the files of a model where the package does", () => {
  assert.deepEqual(demoLayout, LAYOUT);
});
