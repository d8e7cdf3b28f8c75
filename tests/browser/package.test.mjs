// The package in a page without a bundler.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { useSite } from "../harness/site.mjs";

const MODEL_FILES = ["config.json", "tokenizer.json", "model.onnx", "litmus.json"];

const site = useSite();

test("predict and createClassifier give the same results, with requests to this origin only", async () => {
  const { page, context, crossOrigin, errors } = await site.packagePage();
  const seen = await page.evaluate(async () => {
    const texts = ["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"];
    const [first, second] = await Promise.all([litmus.predict(texts[0]), litmus.predict(texts)]);
    const classifier = await litmus.createClassifier();
    const { labels, info } = classifier;
    return { first, second, third: await classifier.predict(texts, { topK: 1 }), labels, kernel: info.kernel };
  });
  assert.equal(seen.first.label, "positive");
  assert.deepEqual(
    seen.second.map(({ label }) => label),
    ["positive", "negative"],
  );
  assert.deepEqual(seen.third[0].scores, [seen.first.scores[0]]);
  assert.match(seen.kernel, /^relaxed-dot-(i16x8|i32x4)$/, "Chromium has relaxed SIMD");
  assert.ok(seen.labels.includes("negative") && seen.labels.includes("positive"));
  assert.deepEqual({ crossOrigin, errors }, { crossOrigin: [], errors: [] });
  await context.close();
});

test("concurrent calls share one load", async () => {
  const { page, context } = await site.packagePage();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.evaluate(() => Promise.all([1, 2, 3].map(() => litmus.predict("good"))));
  for (const file of ["litmus_text_bg.wasm", ...MODEL_FILES]) {
    assert.equal(asked.filter((path) => path.endsWith(`/${file}`)).length, 1, file);
  }
  await context.close();
});

test("progress counts bytes up to the size of each file", async () => {
  const { page, context } = await site.packagePage();
  const events = await page.evaluate(async () => {
    const events = [];
    await litmus.createClassifier({ onProgress: (event) => events.push({ ...event }) });
    return events;
  });
  const files = group(events);
  assert.deepEqual([...files.keys()].sort(), [...MODEL_FILES, "litmus_text_bg.wasm"].sort());
  for (const [file, list] of files) {
    const path = file.endsWith(".wasm") ? `pkg/wasm/${file}` : `models/english/${file}`;
    const { length } = await readFile(join(root, path));
    assert.deepEqual(list.at(-1), { file, loaded: length, total: length });
    // litmus.json is optional: there is no event for it before it is found.
    const beforeAnswer = file === "litmus.json" ? [] : [{ file, loaded: 0, total: null }];
    const start = [...beforeAnswer, { file, loaded: 0, total: length }];
    assert.deepEqual(list.slice(0, start.length), start);
    for (let i = start.length; i < list.length; i++) assert.ok(list[i].loaded > list[i - 1].loaded);
  }
  await context.close();
});

function group(events) {
  const files = new Map();
  for (const event of events) files.set(event.file, [...(files.get(event.file) ?? []), event]);
  return files;
}

test("the call after a failed load loads again", async () => {
  const { page, context } = await site.packagePage();
  const failing = ["**/litmus_text_bg.wasm", "**/tokenizer.json"];
  const attempt = () =>
    page.evaluate(() =>
      litmus.predict("good").then(
        ({ label }) => label,
        ({ code }) => code,
      ),
    );
  for (const url of failing) {
    await page.route(url, (route) => route.fulfill({ status: 404 }));
    assert.equal(await attempt(), "model-not-found");
    await page.unroute(url);
  }
  assert.equal(await attempt(), "positive");
  await context.close();
});

test("errors of downloads have a code and name the URL", async () => {
  const { page, context } = await site.packagePage();
  const html = { contentType: "text/html", body: "<!doctype html><title>App</title>" };
  const faults = {
    "status 404": [{ status: 404 }, "model-not-found", /status 404/],
    "status 500": [{ status: 500 }, "download-failed", /status 500/],
    "a page with status 200": [html, "model-not-found", /web page/],
    "a page under a wrong type": [{ ...html, contentType: "application/octet-stream" }, "model-not-found", /web page/],
    "no connection": ["abort", "download-failed", /failed/],
  };
  for (const [name, [fault, code, message]] of Object.entries(faults)) {
    await page.route("**/models/english/model.onnx", (route) =>
      fault === "abort" ? route.abort("connectionrefused") : route.fulfill(fault),
    );
    const error = await page.evaluate(() =>
      litmus.createClassifier().catch(({ code, message, name }) => ({ code, message, name })),
    );
    assert.equal(error.code, code, name);
    assert.match(error.message, /models\/english\/model\.onnx/, name);
    assert.match(error.message, message, name);
    await page.unroute("**/models/english/model.onnx");
  }
  assert.equal(await page.evaluate(async () => (await litmus.predict("good")).label), "positive");
  await context.close();
});

test("the wasm loads under any content type", async () => {
  const { page, context } = await site.packagePage();
  await page.route("**/litmus_text_bg.wasm", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "content-type": "text/plain" } });
  });
  assert.equal(await page.evaluate(async () => (await litmus.predict("good")).label), "positive");
  await context.close();
});

test("a folder may have its model under onnx/ and no litmus.json", async () => {
  const { page, context } = await site.packagePage();
  const folder = (path) => `${site.url}litmus-text/models/english/${path}`;
  await page.route("**/elsewhere/**", async (route) => {
    const path = route.request().url().split("/elsewhere/")[1].split("?")[0];
    const source = {
      "config.json": "config.json",
      "tokenizer.json": "tokenizer.json",
      "onnx/model.onnx": "model.onnx",
    }[path];
    if (!source) return route.fulfill({ status: 404 });
    await route.fulfill({ response: await route.fetch({ url: folder(source) }) });
  });
  const label = await page.evaluate(async () => {
    const classifier = await litmus.createClassifier({ model: "elsewhere" });
    return (await classifier.predict("a gorgeous, witty, seductive movie")).label;
  });
  assert.equal(label, "positive");
  await context.close();
});

test("a model may come as bytes, Blob, File or Response", async () => {
  const { page, context } = await site.packagePage();
  const labels = await page.evaluate(async () => {
    const get = (file) => fetch(`../litmus-text/models/english/${file}`);
    const [config, tokenizer, model] = ["config.json", "tokenizer.json", "model.onnx"];
    const bytes = async (file) => new Uint8Array(await (await get(file)).arrayBuffer());
    const asBytes = {
      config: await bytes(config),
      tokenizer: await bytes(tokenizer),
      model: (await bytes(model)).buffer,
    };
    const asResponses = { config: await get(config), tokenizer: await get(tokenizer), model: await get(model) };
    const asBlobs = {
      config: new Blob([asBytes.config]),
      tokenizer: new File([asBytes.tokenizer], "tokenizer.json"),
      model: new Blob([asBytes.model]),
      manifest: await get("litmus.json"),
    };
    const labels = [];
    for (const files of [asBytes, asResponses, asBlobs]) {
      const classifier = await litmus.createClassifier({ model: files });
      labels.push((await classifier.predict("unflinchingly bleak and desperate")).label);
      classifier.close();
    }
    return labels;
  });
  assert.deepEqual(labels, ["negative", "negative", "negative"]);
  await context.close();
});

test("token offsets index the caller's string, even with lone surrogates", async () => {
  const { page, context } = await site.packagePage();
  const texts = [
    "a \ud83d b",
    "\udc00good",
    "good\ud800",
    "\ud800\ud800 x \udfff",
    "👍\ud83d👍 fine",
    `${"x".repeat(100)}\udbff end`,
  ];
  const results = await page.evaluate(
    async (texts) => {
      const classifier = await litmus.createClassifier();
      return Promise.all(texts.map((text) => classifier.tokenize(JSON.parse(text))));
    },
    texts.map((text) => JSON.stringify(text)),
  );
  for (const [i, { ids, tokens, offsets }] of results.entries()) {
    const text = texts[i];
    assert.equal(ids.length, tokens.length);
    assert.equal(ids.length, offsets.length);
    for (const [t, [start, end]] of offsets.entries()) {
      assert.ok(0 <= start && start <= end && end <= text.length, `${JSON.stringify(text)} ${start} ${end}`);
      const piece = tokens[t].replace(/^##/, "");
      if (/^[a-z]+$/.test(piece)) assert.equal(text.slice(start, end), piece);
    }
  }
  const words = results.map(({ tokens, offsets }, i) => tokens.map((_, t) => texts[i].slice(...offsets[t])));
  assert.ok(words[0].includes("a") && words[0].includes("b"), "offsets after a lone surrogate are right");
  assert.ok(words[4].includes("fine"));
  assert.ok(words[5].includes("end"));
  await context.close();
});

test("token ids and UTF-16 offsets are those of Hugging Face", async () => {
  const { cases } = JSON.parse(await readFile(join(root, "tests/fixtures/tokens.json"), "utf8"));
  const texts = cases.map(({ text, repeat }) => text ?? repeat[0].repeat(repeat[1]));
  assert.ok(cases.length >= 300);
  const { page, context } = await site.packagePage();
  const results = await page.evaluate(async (texts) => {
    const classifier = await litmus.createClassifier();
    const tokenize = (text) => classifier.tokenize(text).catch(({ code }) => code);
    return Promise.all(texts.map(tokenize));
  }, texts);
  for (const [i, { ids, utf16 }] of cases.entries()) {
    const name = JSON.stringify(texts[i]).slice(0, 200);
    if (ids.length === 2) assert.equal(results[i], "empty-text", name);
    else assert.deepEqual([results[i].ids, results[i].offsets], [ids, utf16], name);
  }
  await context.close();
});

test("the embedded build needs one wasm file, and then no network", async () => {
  const asked = [];
  const prepare = (page) => page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const { page, context, crossOrigin, errors } = await site.packagePage({ file: "embedded.html", prepare });
  await page.evaluate(() => litmus.load());
  await context.setOffline(true);
  await page.route("**", (route) => route.abort());
  const before = asked.length;
  const labels = await page.evaluate(async () => {
    globalThis.fetch = () => {
      throw new Error("no fetch");
    };
    const both = await litmus.predict(["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"]);
    return both.map(({ label }) => label);
  });
  assert.deepEqual(labels, ["positive", "negative"]);
  assert.equal(asked.length, before);
  assert.deepEqual(
    asked.filter((path) => !/\.(html|js|svg)$/.test(path)),
    ["/litmus-text/wasm/embedded/litmus_text_bg.wasm"],
  );
  assert.deepEqual({ crossOrigin, errors }, { crossOrigin: [], errors: [] });
  await context.close();
});

test("the embedded build loads again after a failed load", async () => {
  const wasm = "**/embedded/litmus_text_bg.wasm";
  const prepare = (page) => page.route(wasm, (route) => route.fulfill({ status: 503 }));
  const { page, context } = await site.packagePage({ file: "embedded.html", prepare });
  assert.equal(await page.evaluate(() => litmus.load().catch(({ code }) => code)), "download-failed");
  await page.unroute(wasm);
  assert.equal(await page.evaluate(async () => (await litmus.predict("good")).label), "positive");
  await context.close();
});
