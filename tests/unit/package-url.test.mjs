// URLs of the package's files, as bundlers leave them.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { importSource } from "./source.mjs";

const { packageUrl, platform } = await importSource("platform/package-url.ts", "platform/platform.ts");
const { baseUrl } = platform;

afterEach(() => {
  platform.baseUrl = baseUrl;
});

test("an absolute URL stays as it is", () => {
  platform.baseUrl = () => "https://example.org/shop/";
  for (const url of ["https://cdn.example/a/b.wasm", "data:application/json,{}", "file:///app/model.onnx"]) {
    assert.equal(packageUrl(new URL(url)), url);
  }
});

test("an href without an origin, as Next.js makes it, is resolved against the page", () => {
  platform.baseUrl = () => "https://example.org/shop/cart?step=2";
  assert.equal(
    packageUrl({ href: "/_next/static/media/model.onnx" }),
    "https://example.org/_next/static/media/model.onnx",
  );
});
