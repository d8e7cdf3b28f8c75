// An abort ends the work, not only the wait for it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { computed, open, watchWorkers } from "./browser.mjs";

let site;
before(async () => (site = await open()));
after(() => site.close());

async function plain({ watched = true } = {}) {
  const visit = await site.page();
  if (watched) await watchWorkers(visit.page);
  await visit.page.goto(`${site.url}pages/plain.html`);
  await visit.page.waitForFunction(() => "litmus" in globalThis);
  return visit;
}

test("after an abort at most one more text is computed, and the queue moves on", async () => {
  const { page, context } = await plain();
  await page.evaluate(async () => {
    globalThis.classifier = await litmus.createClassifier();
    globalThis.controller = new AbortController();
    const texts = Array.from({ length: 2000 }, () => "a gorgeous movie");
    globalThis.aborted = classifier.predict(texts, { signal: controller.signal }).catch(({ code, cause }) => [code, cause]);
    globalThis.behind = classifier.predict("a bleak, desperate movie");
  });
  const [worker] = page.workers();
  // The abort is the page's and arrives in the worker as a message: what it has computed is noted in the same turn.
  await worker.evaluate(() =>
    globalThis.addEventListener("message", ({ data }) => (globalThis.atAbort ??= data.type === "abort" ? computed : undefined)),
  );
  const outcome = await page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort("enough");
    return { aborted: await aborted, behind: (await behind).label };
  });
  assert.deepEqual(outcome, { aborted: ["aborted", "enough"], behind: "negative" });
  const [atAbort, total] = await worker.evaluate(() => [globalThis.atAbort, computed]);
  assert.ok(atAbort >= 1 && atAbort < 2000, `${atAbort} at the abort`);
  // At most one more of the batch, and the call that was behind it.
  assert.ok(total - atAbort <= 2, `${total - atAbort} after the abort`);
  await context.close();
});

test("a call that waits is dropped without being computed; one aborted before does nothing", async () => {
  const { page, context } = await plain();
  const codes = await page.evaluate(async () => {
    globalThis.classifier = await litmus.createClassifier();
    const controller = new AbortController();
    const { signal } = controller;
    const first = classifier.predict(Array.from({ length: 50 }, () => "a gorgeous movie"));
    const waiting = [classifier.predict("good", { signal }), classifier.predict(["good"], { signal }), classifier.tokenize("good", { signal })];
    controller.abort();
    const settled = await Promise.allSettled([...waiting, classifier.predict("good", { signal }), litmus.predict("good", { signal })]);
    await first;
    return settled.map(({ reason }) => reason?.code);
  });
  assert.deepEqual(codes, Array(5).fill("aborted"));
  const counts = await computed(page);
  assert.equal(counts.reduce((sum, count) => sum + count), 50);
  await context.close();
});

test("leaving a stream stops its work", async () => {
  const { page, context } = await plain();
  const read = await page.evaluate(async () => {
    globalThis.classifier = await litmus.createClassifier();
    let read = 0;
    let returned = false;
    function* rows() {
      try {
        for (;;) {
          read++;
          yield "a gorgeous movie";
        }
      } finally {
        returned = true;
      }
    }
    for await (const { index } of classifier.stream(rows())) if (index === 10) break;
    await classifier.predict("good");
    return { read, returned };
  });
  assert.equal(read.returned, true, "the source was told");
  // What one thread has at work and what waits for it, of 32 texts each, and a piece that was read meanwhile.
  assert.ok(read.read <= 4 * 32, `${read.read} rows were read`);
  const [count] = await computed(page);
  assert.ok(count <= 3 * 32, `${count} texts were computed`);
  await context.close();
});

test("an aborted stream rejects, even while its source keeps it waiting", async () => {
  const { page, context } = await plain();
  const codes = await page.evaluate(async () => {
    const classifier = await litmus.createClassifier();
    const codes = [];
    const sources = [(function* () { for (;;) yield "a gorgeous movie"; })(), (async function* () { await new Promise(() => {}); })()];
    for (const source of sources) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 100);
      try {
        for await (const _ of classifier.stream(source, { signal: controller.signal }));
      } catch ({ code }) {
        codes.push(code);
      }
    }
    return codes;
  });
  assert.deepEqual(codes, ["aborted", "aborted"]);
  await context.close();
});

test("an aborted load stops downloading, and leaves alone who else waits for the file", async () => {
  const server = await slowServer();
  // Unwatched: where Playwright looks at requests, half a body never arrives.
  const { page, context } = await plain({ watched: false });
  await page.evaluate((model) => {
    globalThis.controller = new AbortController();
    globalThis.aborted = litmus.createClassifier({ model, signal: controller.signal }).catch(({ code }) => code);
  }, server.url);
  await server.halfway;
  await page.evaluate((model) => void (globalThis.other = litmus.createClassifier({ model })), server.url);
  await page.evaluate(() => controller.abort());
  assert.equal(await page.evaluate(() => aborted), "aborted");
  await server.hungUp;
  assert.equal(await page.evaluate(async () => (await (await other).predict("a gorgeous movie")).label), "positive");
  assert.equal(server.requests(), 2, "the one that waited has downloaded it itself");
  await server.close();
  await context.close();
});

/** Serves the model; the first to ask for the large file gets half of it, and no end. */
async function slowServer() {
  const folder = join(root, "models/sentiment");
  let requests = 0;
  let halfway, hungUp;
  const events = { halfway: new Promise((resolve) => (halfway = resolve)), hungUp: new Promise((resolve) => (hungUp = resolve)) };
  const server = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    const file = request.url.slice(1);
    const body = await readFile(join(folder, file)).catch(() => undefined);
    if (!body) return response.writeHead(404).end();
    if (file !== "model.onnx" || ++requests > 1) return response.end(body);
    response.on("close", hungUp);
    response.writeHead(200, { "content-length": body.length });
    response.write(body.subarray(0, body.length >> 1), halfway);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...events,
    url: `http://127.0.0.1:${server.address().port}/`,
    requests: () => requests,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
