// The pages of the documentation site: each is in the sidebar, and links lead to the same places as on GitHub.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contents, sitePath } from "../../docs/.vitepress/contents.mjs";
import { addSubstrings, withoutSmallSections } from "../../docs/.vitepress/search.mjs";
import { listPages, rewriteLinks } from "../../tools/docs-pages.mjs";
import { addPolicy } from "../../tools/docs-site.mjs";
import { PLACEHOLDER, relativeUrls, runtimeUrls } from "../../tools/relative-base.mjs";

test("every page is in a sidebar once, and every entry of a sidebar is a page", async () => {
  const pages = await listPages();
  const indexes = ["docs/README.md", "docs/api/README.md", "docs/zh/README.md"];
  for (const [language, groups] of Object.entries(contents)) {
    const entries = Object.values(groups).flatMap((entries) => entries.map(([file]) => file));
    assert.equal(new Set(entries).size, entries.length, `${language}: an entry is there twice`);
    for (const file of entries) assert.ok(pages.includes(file), `${file} is not a page`);
    const wanted = pages.filter(
      (file) => file.startsWith("docs/zh/") === (language === "zh") && !indexes.includes(file),
    );
    for (const file of wanted) assert.ok(entries.includes(file), `${file} is not in docs/.vitepress/contents.mjs`);
  }
});

test("links lead to pages, to files as texts, and to images where they are", () => {
  const linked = new Set();
  const rewrite = (text) =>
    rewriteLinks(text, {
      from: "docs/start/page.md",
      fromSite: sitePath("docs/start/page.md"),
      toRoot: "../../..",
      linked,
    });
  assert.equal(rewrite("[a](../hosts.md#oldest-browsers)"), "[a](../hosts.md#oldest-browsers)");
  assert.equal(rewrite("[a](../../ARCHITECTURE.md)"), "[a](../project/architecture.md)");
  assert.equal(rewrite("[a](../README.md)"), "[a](../index.md)");
  assert.equal(rewrite("[`a`](../../tools/site.mjs)"), "[`a`](../source/tools/site.mjs.txt)");
  assert.equal(rewrite("![a](../../models/english/groups.svg)"), "![a](../../../../models/english/groups.svg)");
  assert.deepEqual([...linked], ["tools/site.mjs"]);
  for (const same of ["[a](https://a.example/)", "[a](#b)", "`[a](../../x.mjs)`", "```js\n[a](../../x.mjs)\n```"])
    assert.equal(rewrite(same), same);
});

test("a site that was built for one path works under any", () => {
  assert.equal(relativeUrls(`<a href="${PLACEHOLDER}b.html">`, "a.html"), '<a href="./b.html">');
  assert.equal(relativeUrls(`<a href="${PLACEHOLDER}b.html">`, "c/d/a.html"), '<a href="../../b.html">');
  // Stands for the parser: one string literal, and one part of a template.
  const code = `f("${PLACEHOLDER}x");g(\`${PLACEHOLDER}y\`)`;
  const literal = { type: "Literal", value: "", start: 2, end: code.indexOf(")") };
  literal.raw = code.slice(literal.start, literal.end);
  const start = code.indexOf("`") + 1;
  const element = { type: "TemplateElement", start, end: code.lastIndexOf("`") };
  element.value = { raw: code.slice(element.start, element.end) };
  const result = runtimeUrls(code, "assets/a.js", () => ({ body: [literal, element] }));
  const run = new Function("f", "g", result.replace("import.meta.url", '"http://a.example/some/path/assets/a.js"'));
  const seen = [];
  run(
    (url) => seen.push(url),
    (url) => seen.push(url),
  );
  assert.deepEqual(seen, ["/some/path/x", "/some/path/y"]);
  assert.equal(runtimeUrls("f()", "a.js"), "f()");
});

test("a page's policy allows its inline scripts and no others", () => {
  const html = addPolicy('<head><meta charset="utf-8"><script src="a.js"></script><script>a()</script></head>');
  const hashes = html.match(/'sha256-[\w+/=]+'/g);
  // echo -n "a()" | openssl dgst -sha256 -binary | base64
  assert.deepEqual(hashes, ["'sha256-qVpDBgj7bpq5hMAcGp3AOc79J3Y1Z4HvySTwKrWDoy4='"]);
  assert.doesNotMatch(html, /script-src[^;]*'unsafe-inline'/);
});

test("search finds Chinese words by any of their characters", () => {
  const html = "<h2>标签</h2><p>两个工作线程</p><h2>A</h2><p>word</p>";
  const [first, second] = addSubstrings(html).split(/(?=<h2>)/);
  const words = first.match(/<p>([^<]*)<\/p>$/)[1].split(" ");
  for (const query of ["线程", "工作", "签"])
    assert.ok(
      words.some((word) => word.startsWith(query)),
      query,
    );
  assert.equal(second, "<h2>A</h2><p>word</p>");
});

test("a small heading begins no section of the search index", () => {
  const html = '<h3 id="a">A</h3>b<h5 id="threshold" tabindex="-1">threshold?</h5>c';
  assert.equal(withoutSmallSections(html), '<h3 id="a">A</h3>b<p>threshold?</p>c');
});
