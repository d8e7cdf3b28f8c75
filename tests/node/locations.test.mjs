// Where the package's files and models are: the options `wasm` and `workerUrl`, and paths and URLs of a model's folder.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { createClassifier } from "litmus-text";

const installed = new URL("./", import.meta.resolve("litmus-text/package.json"));
const wasmUrl = new URL("wasm/litmus_text_bg.wasm", installed);
const modelUrl = new URL("models/english/", installed);

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "litmus-locations-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Where a classifier with these options runs, after a prediction that must be right. */
async function runsIn(options) {
  const classifier = await createClassifier(options);
  try {
    assert.equal((await classifier.predict("a gorgeous, witty, seductive movie")).label, "positive");
    return classifier.info.runsIn;
  } finally {
    classifier.close();
  }
}

test("wasm: a URL, a Response, bytes or a compiled module", async () => {
  const bytes = await readFile(wasmUrl);
  for (const wasm of [
    wasmUrl,
    wasmUrl.href,
    new Response(bytes),
    bytes,
    new Uint8Array(bytes).buffer,
    await WebAssembly.compile(bytes),
    runInNewContext("new WebAssembly.Module(bytes)", { bytes }), // of another realm, as in Jest
  ]) {
    assert.equal(await runsIn({ wasm }), "page", String(wasm));
  }
  const read = new Response(bytes);
  await read.arrayBuffer();
  for (const wasm of [42, {}, read]) {
    await assert.rejects(createClassifier({ wasm }), { code: "invalid-input", message: /^wasm must be a URL, / });
  }
  await assert.rejects(createClassifier({ wasm: Uint8Array.of(1, 2, 3) }), {
    code: "invalid-input",
    message: "wasm must be the package's file wasm/litmus_text_bg.wasm",
  });
  await assert.rejects(createClassifier({ wasm: new URL("missing.wasm", wasmUrl) }), { code: "model-not-found" });
});

test("workerUrl: the script of a worker thread", async () => {
  const workerUrl = import.meta.resolve("litmus-text/worker");
  assert.equal(await runsIn({ workers: 1, workerUrl }), "worker-threads");
  assert.equal(await runsIn({ workers: 1, workerUrl, wasm: await readFile(wasmUrl) }), "worker-threads");
  await assert.rejects(createClassifier({ workerUrl: 42 }), {
    code: "invalid-input",
    message: /^workerUrl must be a URL/,
  });
});

test("a worker's script that does not exist: the calling thread, with a warning", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  assert.equal(await runsIn({ workers: 1, workerUrl: new URL("missing.js", installed) }), "page");
  assert.match(warn.mock.calls[0].arguments[0], /^litmus-text: no worker could be started: .*missing\.js/);
});

for (const name of ["plain", "with a space", "100%", "100%25", "a#b", "what?", "Größe"]) {
  test(`a model in the folder "${name}", by its path and by its URL`, async () => {
    const path = join(folder, name);
    await cp(modelUrl, path, { recursive: true });
    for (const model of [
      path,
      `${path}/`,
      relative(process.cwd(), path),
      pathToFileURL(path),
      pathToFileURL(path).href,
    ]) {
      assert.equal(await runsIn({ model }), "page", String(model));
    }
    await rm(path, { recursive: true });
  });
}

test("the query of a folder's URL is sent for each of its files", async (t) => {
  const asked = [];
  const server = createServer(async ({ url }, response) => {
    const { pathname, search } = new URL(url, "http://localhost");
    asked.push(search);
    const bytes = await readFile(new URL(`.${pathname}`, modelUrl)).catch(() => undefined);
    response.writeHead(bytes && search === "?token=a%2Fb&x=1" ? 200 : 404).end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  assert.equal(await runsIn({ model: `${url}?token=a%2Fb&x=1` }), "page");
  assert.equal(await runsIn({ model: `${url}/?token=a%2Fb&x=1#part` }), "page");
  assert.equal(asked.length, 8);
  assert.deepEqual(new Set(asked), new Set(["?token=a%2Fb&x=1"]));
});
