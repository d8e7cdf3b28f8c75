// URLs of the package's files, as bundlers and CDNs leave them.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { importSource } from "./source.mjs";

const { findPackageRoot, packageUrl, platform } = await importSource("platform/package-url.ts", "platform/platform.ts");
const { baseUrl } = platform;
const file = "models/english/model.onnx";

afterEach(() => {
  platform.baseUrl = baseUrl;
});

test("an absolute URL stays as it is", () => {
  platform.baseUrl = () => "https://example.org/shop/";
  for (const url of ["https://cdn.example/a/model.onnx", "data:application/json,{}", "file:///app/model.onnx"]) {
    assert.equal(packageUrl(file, new URL(url)), url);
  }
});

test("an href without an origin, as Next.js makes it, is resolved against the page", () => {
  platform.baseUrl = () => "https://example.org/shop/cart?step=2";
  assert.equal(
    packageUrl(file, { href: "/_next/static/media/model.onnx" }),
    "https://example.org/_next/static/media/model.onnx",
  );
});

test("the package's folder is found from a copy that Vite's development server has made", () => {
  const installed = "http://localhost:5173/app/node_modules/litmus-text/";
  for (const copy of [
    "node_modules/.vite/deps/litmus-text.js",
    "node_modules/.vite/deps/chunk-ABC.js",
    "node_modules/.vite/vitest/da39a3/deps/litmus-text.js",
    "node_modules/.cache/vite/client/deps/litmus-text.js",
    "node_modules/.cache/storybook/10.1.0/abc/sb-vite/deps/litmus-text.js",
    ".angular/cache/21.0.0/app/vite/deps/litmus-text.js",
    ".vite-cache/deps/litmus-text.js",
  ]) {
    assert.equal(findPackageRoot(`http://localhost:5173/app/${copy}?v=1234abcd`), installed, copy);
  }
  assert.equal(
    findPackageRoot("http://localhost:5173/@fs/home/me/.work/shop/node_modules/.vite/deps/litmus-text.js?v=1"),
    "http://localhost:5173/@fs/home/me/.work/shop/node_modules/litmus-text/",
  );
});

test("the package's folder is found from a bundle of jsDelivr, in the version of the script", () => {
  for (const path of ["litmus-text@1.2.3", "litmus-text@1", "litmus-text", "litmus-text@1.2.3/embedded"]) {
    assert.equal(
      findPackageRoot(`https://cdn.example/npm/${path}/+esm`),
      "https://cdn.example/npm/litmus-text@1.2.3/",
      path,
    );
  }
});

test("a script beside the package's files is no copy", () => {
  for (const url of [
    "",
    "file:///home/me/.work/shop/node_modules/litmus-text/dist/index.js",
    "https://example.org/assets/index-1234.js?v=2",
    "https://cdn.example/litmus-text@1.2.3/dist/index.js",
    "http://localhost:5173/node_modules/litmus-text/dist/index.js?v=1234abcd",
  ]) {
    assert.equal(findPackageRoot(url), undefined, url);
  }
});
