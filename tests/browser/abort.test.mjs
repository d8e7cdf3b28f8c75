// An abort stops the computation, not only the wait for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sendHalf, serveModel } from "../harness/server.mjs";
import { useSite } from "../harness/site.mjs";
import { computed, watchWorkers } from "../harness/workers.mjs";

const site = useSite();

const watchedPage = () => site.packagePage({ prepare: watchWorkers });

/** The most rows of a batch. */
const BATCH = 32;

test("after an abort, at most one more batch is computed, and the next call in the queue runs", async () => {
  const { page, context } = await watchedPage();
  await page.evaluate(async () => {
    globalThis.classifier = await litmus.createClassifier();
  });
  const [worker] = page.workers();
  // The abort reaches the worker as a message: note how much is computed at that moment.
  await worker.evaluate(() =>
    globalThis.addEventListener(
      "message",
      ({ data }) => (globalThis.atAbort ??= data.type === "abort" ? computed : undefined),
    ),
  );
  const outcome = await page.evaluate(async () => {
    const controller = new AbortController();
    const texts = Array.from({ length: 2000 }, () => "a gorgeous movie");
    const aborted = classifier
      .predict(texts, {
        signal: controller.signal,
        onProgress: ({ done }) => done > 0 && controller.abort("enough"),
      })
      .catch(({ name, code, cause }) => [name, code, cause]);
    const behind = classifier.predict("a bleak, desperate movie");
    return { aborted: await aborted, behind: (await behind).label };
  });
  assert.deepEqual(outcome, { aborted: ["AbortError", "aborted", "enough"], behind: "negative" });
  const [atAbort, total] = await worker.evaluate(() => [globalThis.atAbort, computed]);
  assert.ok(atAbort >= 1 && atAbort < 2000, `${atAbort} at the abort`);
  // One more batch, and the next call.
  assert.ok(total - atAbort <= BATCH + 1, `${total - atAbort} after the abort`);
  await context.close();
});

test("an aborted call in the queue is not computed, nor is a call whose signal is aborted before", async () => {
  const { page, context } = await watchedPage();
  const codes = await page.evaluate(async () => {
    globalThis.classifier = await litmus.createClassifier();
    const controller = new AbortController();
    const { signal } = controller;
    const first = classifier.predict(Array.from({ length: 50 }, () => "a gorgeous movie"));
    const waiting = [
      classifier.predict("good", { signal }),
      classifier.predict(["good"], { signal }),
      classifier.tokenize("good", { signal }),
    ];
    controller.abort();
    const settled = await Promise.allSettled([
      ...waiting,
      classifier.predict("good", { signal }),
      litmus.predict("good", { signal }),
    ]);
    await first;
    return settled.map(({ reason }) => reason?.code);
  });
  assert.deepEqual(codes, Array(5).fill("aborted"));
  const counts = await computed(page);
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    50,
  );
  await context.close();
});

test("leaving a stream stops its computation", async () => {
  const { page, context } = await watchedPage();
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
  assert.equal(read.returned, true, "the source is closed");
  // Pieces of 32 texts: one being computed, one waiting, and those that were read meanwhile.
  assert.ok(read.read <= 4 * 32, `${read.read} rows were read`);
  const [count] = await computed(page);
  assert.ok(count <= 3 * 32, `${count} texts were computed`);
  await context.close();
});

test("an aborted stream rejects, even while it waits for its source", async () => {
  const { page, context } = await watchedPage();
  const codes = await page.evaluate(async () => {
    const classifier = await litmus.createClassifier();
    const codes = [];
    const sources = [
      (function* () {
        for (;;) yield "a gorgeous movie";
      })(),
      (async function* () {
        await new Promise(() => {});
      })(),
    ];
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

test("an aborted load stops its download, and another load of the same file continues", async () => {
  const server = await slowServer();
  // Unwatched: in a page whose requests Playwright intercepts, half a body never arrives.
  const { page, context } = await site.packagePage();
  await page.evaluate((model) => {
    globalThis.controller = new AbortController();
    globalThis.aborted = litmus.createClassifier({ model, signal: controller.signal }).catch(({ code }) => code);
  }, server.url);
  await server.halfway;
  await page.evaluate((model) => {
    globalThis.other = litmus.createClassifier({ model });
  }, server.url);
  await page.evaluate(() => controller.abort());
  assert.equal(await page.evaluate(() => aborted), "aborted");
  await server.hungUp;
  assert.equal(await page.evaluate(async () => (await (await other).predict("a gorgeous movie")).label), "positive");
  assert.equal(server.requests(), 2, "the other load has downloaded the file itself");
  await server.close();
  await context.close();
});

/** Serves the model. The first request for model.onnx is answered with half of it, and the response stays open. */
async function slowServer() {
  let requests = 0;
  let halfway, hungUp;
  const events = {
    halfway: new Promise((resolve) => (halfway = resolve)),
    hungUp: new Promise((resolve) => (hungUp = resolve)),
  };
  const server = await serveModel((response, bytes) => {
    if (++requests > 1) return response.end(bytes);
    response.on("close", hungUp);
    sendHalf(response, bytes, halfway);
  });
  return { ...server, ...events, requests: () => requests };
}
