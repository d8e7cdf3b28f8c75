// Strings that are URLs in pages, and URLs or paths in Node.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { importSource } from "./source.mjs";

const { platform, resolveBeside, resolveUrl } = await importSource("platform/resolve-url.ts", "platform/platform.ts");
const { baseUrl } = platform;

afterEach(() => {
  platform.baseUrl = baseUrl;
  delete platform.pathToUrl;
});

test("in pages, a string is a URL relative to the page", () => {
  platform.baseUrl = () => "https://example.org/app/";
  assert.equal(resolveUrl("model", "models/own/?a#b").href, "https://example.org/app/models/own/?a#b");
  assert.throws(() => resolveUrl("model", "http://["), {
    code: "invalid-input",
    message: "model is not a URL: http://[",
  });
});

test("where a string can be a path, one with a scheme is a URL", () => {
  platform.pathToUrl = (path) => pathToFileURL(path);
  for (const url of ["https://example.org/a%20b/?c#d", "file:///a%20b", "data:,a", "blob:null/a"]) {
    assert.equal(resolveUrl("model", url).href, url);
    assert.equal(resolveUrl("model", new URL(url)).href, url);
  }
});

test("a path of Windows is no URL, although its drive looks like a scheme", () => {
  const paths = [];
  platform.pathToUrl = (path) => paths.push(path) && new URL("file:///C:/");
  for (const path of ["C:\\models\\own", "c:/models/own", "\\\\server\\models", "models\\own"]) {
    resolveUrl("model", path);
    assert.equal(paths.pop(), path);
  }
});

test("any name of a file is encoded, and the query is that of the folder", () => {
  const url = (path) => resolveBeside("https://example.org/models/own/?token=a", path);
  assert.equal(url("heads/C# or R?.head"), "https://example.org/models/own/heads/C%23%20or%20R%3F.head?token=a");
  assert.equal(url("100%.json"), "https://example.org/models/own/100%25.json?token=a");
});
