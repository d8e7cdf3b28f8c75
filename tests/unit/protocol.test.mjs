// Both ends of the protocol between page and worker, connected as a browser connects them.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { importSource } from "./source.mjs";

const WASM = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

let server;
let url;
let hangUp;
before(async () => {
  server = createServer((request, response) => {
    if (request.url === "/slow.wasm") {
      hangUp = new Promise((resolve) => request.once("close", resolve));
      return void response.writeHead(200, { "content-type": "application/wasm" }).write(WASM.subarray(0, 4));
    }
    if (request.url !== "/module.wasm") return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": "application/wasm", "content-length": WASM.length }).end(WASM);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

/** A worker whose script is worker-main.ts, run in this thread: only the channel between the ends is made here. */
async function connect() {
  const { answerMessages, WorkerThread } = await importSource("pool/worker-main.ts", "pool/worker-thread.ts");
  const worker = {
    postMessage: (message) => queueMicrotask(() => scope.onmessage({ data: structuredClone(message) })),
    terminate() {},
  };
  const thread = new WorkerThread(worker);
  const scope = globalThis;
  scope.postMessage = (message) => queueMicrotask(() => worker.onmessage({ data: structuredClone(message) }));
  answerMessages();
  await thread.ready;
  return thread;
}

test("a reply, its progress and its module come through", async () => {
  const thread = await connect();
  const events = [];
  const module = await thread.send({ type: "compile", url: `${url}/module.wasm` }, undefined, (event) =>
    events.push(event),
  );
  assert.ok(module instanceof WebAssembly.Module);
  assert.deepEqual(events[0], { file: "module.wasm", loaded: 0, total: null });
  assert.deepEqual(events.at(-1), { file: "module.wasm", loaded: 8, total: 8 });
});

test("a failure comes through with its code and message, and its worker stays", async () => {
  const thread = await connect();
  const { LitmusError } = await importSource("shared/errors.ts");
  await assert.rejects(thread.send({ type: "compile", url: `${url}/none.wasm` }), (error) => {
    assert.equal(error.code, "model-not-found");
    assert.match(error.message, /none\.wasm: status 404/);
    assert.equal(error.constructor.name, LitmusError.name);
    return true;
  });
  assert.equal(thread.broken, false);
  assert.ok(await thread.send({ type: "compile", url: `${url}/module.wasm` }));
});

test("an abort comes through and stops the download", async () => {
  const thread = await connect();
  const controller = new AbortController();
  const call = thread.send({ type: "compile", url: `${url}/slow.wasm` }, controller.signal);
  while (!hangUp) await new Promise((resolve) => setTimeout(resolve, 1));
  controller.abort();
  await assert.rejects(call, { code: "aborted" });
  await hangUp;
});

test("a request without a model is closed", async () => {
  const thread = await connect();
  await assert.rejects(thread.send({ type: "tokenize", text: "a" }), { code: "closed" });
});
