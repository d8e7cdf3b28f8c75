// The end of the HTTP server: open requests are answered, but not waited for without end.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { importSource } from "./source.mjs";

const { createNodeServer, shutDown } = await importSource("handler/node-server.ts");

/** A server of `handler` that has one open request. `answer` resolves to its response, or to undefined if it is closed. */
async function withOpenRequest(handler) {
  const server = createNodeServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const requested = once(server, "request");
  const answer = fetch(`http://127.0.0.1:${server.address().port}/`).catch(() => undefined);
  await requested;
  return { server, answer };
}

test("a request that never ends is closed after the grace period", { timeout: 10_000 }, async () => {
  const { server, answer } = await withOpenRequest(() => new Promise(() => {}));
  const start = performance.now();
  await shutDown(server, 50);
  assert.ok(performance.now() - start >= 49, "not before"); // a timer may be a millisecond early
  assert.equal(await answer, undefined);
});

test("a request that ends within the grace period is answered", { timeout: 10_000 }, async () => {
  let respond;
  const { server, answer } = await withOpenRequest(() => new Promise((resolve) => (respond = resolve)));
  const closed = shutDown(server, 1_000_000);
  respond(new Response("done"));
  assert.equal(await (await answer).text(), "done");
  await closed;
});
