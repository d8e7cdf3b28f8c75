import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { deferred, predictionOf, settled } from "./fake-worker.mjs";
import { importSource } from "./source.mjs";

const { stream } = await importSource("api/stream.ts");

const BATCH_SIZE = 32;
const MAX_WAIT_MS = 10;

const texts = (count) => Array.from({ length: count }, (_, i) => `text ${i}`);
const predictAll = async (batch) => batch.map((text) => ({ prediction: predictionOf(text) }));

async function collect(items) {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}

test("items come in the order of the source, also if later batches are ready first", async () => {
  const batches = [];
  const predict = (batch) => {
    const { promise, resolve } = deferred();
    batches.push(async () => resolve(await predictAll(batch)));
    if (batches.length === 3) for (const finish of batches.toReversed()) void finish();
    return promise;
  };
  const items = await collect(stream(texts(3 * BATCH_SIZE), 3, predict, {}));
  assert.deepEqual(
    items.map(({ index, text }) => [index, text]),
    texts(3 * BATCH_SIZE).map((text, index) => [index, text]),
  );
});

test("texts go in batches, and no more batches at a time than allowed", async () => {
  const sizes = [];
  let running = 0;
  let most = 0;
  const predict = async (batch) => {
    sizes.push(batch.length);
    most = Math.max(most, ++running);
    await settled();
    running--;
    return predictAll(batch);
  };
  await collect(stream(texts(5 * BATCH_SIZE + 7), 2, predict, {}));
  assert.deepEqual(sizes, [32, 32, 32, 32, 32, 7]);
  assert.equal(most, 2);
});

test("the source is read no further than the batches that run, and one more", async () => {
  let read = 0;
  function* source() {
    for (;;) yield `text ${read++}`;
  }
  const running = stream(source(), 2, () => new Promise(() => {}), {});
  void running.next();
  await settled();
  await new Promise((resolve) => setTimeout(resolve, 3 * MAX_WAIT_MS));
  assert.equal(read, 3 * BATCH_SIZE);
});

test("a batch that does not fill up is sent after a while", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const sizes = [];
  const predict = async (batch) => {
    sizes.push(batch.length);
    return predictAll(batch);
  };
  const more = deferred();
  async function* source() {
    yield "one";
    yield "two";
    await more.promise;
    yield "three";
    await new Promise(() => {});
  }
  const running = stream(source(), 2, predict, {});
  const first = running.next();
  await settled();
  mock.timers.tick(MAX_WAIT_MS - 1);
  await settled();
  assert.deepEqual(sizes, []);
  mock.timers.tick(1);
  assert.equal((await first).value.text, "one");
  assert.deepEqual(sizes, [2]);
  await running.next();
  more.resolve();
  void running.next();
  await settled();
  assert.deepEqual(sizes, [2], "the next batch waits as long");
  mock.timers.tick(MAX_WAIT_MS);
  await settled();
  assert.deepEqual(sizes, [2, 1]);
  mock.timers.reset();
});

test("bad rows have their error and are not sent", async () => {
  const sent = [];
  const predict = async (batch) => {
    sent.push(...batch);
    return batch.map((text) =>
      text ? { prediction: predictionOf(text) } : { failure: { code: "empty-text", message: "empty" } },
    );
  };
  const items = await collect(stream(["a", 1, "", null, "b"], 2, predict, {}));
  assert.deepEqual(sent, ["a", "", "b"]);
  assert.deepEqual(
    items.map(({ error }) => error?.code),
    [undefined, "invalid-input", "empty-text", "invalid-input", undefined],
  );
  assert.deepEqual(
    items.map(({ error }) => error?.index),
    [undefined, 1, 2, 3, undefined],
  );
  assert.deepEqual(
    items.map(({ text }) => text),
    ["a", 1, "", null, "b"],
  );
});

test("progress counts items and failures; the total is known for arrays", async () => {
  for (const [source, total] of [
    [["a", 1], 2],
    [new Set(["a", 1]), null],
  ]) {
    const events = [];
    await collect(stream(source, 2, predictAll, { onProgress: (event) => events.push(event) }));
    assert.deepEqual(events, [{ done: 2, failed: 1, total }]);
  }
});

test("what the source throws comes after the items before it", async () => {
  async function* source() {
    yield "a";
    throw new RangeError("no more");
  }
  const labels = [];
  const read = async () => {
    for await (const { text } of stream(source(), 2, predictAll, {})) labels.push(text);
  };
  await assert.rejects(read(), RangeError);
  assert.deepEqual(labels, ["a"]);
});

test("a failed batch rejects when its turn comes", async () => {
  let batches = 0;
  const predict = async (batch) => {
    if (++batches === 2) throw new Error("crash");
    await settled();
    return predictAll(batch);
  };
  const items = [];
  const read = async () => {
    for await (const item of stream(texts(3 * BATCH_SIZE), 3, predict, {})) items.push(item);
  };
  await assert.rejects(read(), { message: "crash" });
  assert.equal(items.length, BATCH_SIZE);
});

test("an abort ends it at once, and leaving the loop closes the source", async () => {
  for (const leave of [false, true]) {
    const closed = deferred();
    async function* source() {
      try {
        for (;;) yield "a";
      } finally {
        closed.resolve();
      }
    }
    const controller = new AbortController();
    const read = async () => {
      for await (const _ of stream(source(), 2, predictAll, { signal: controller.signal })) {
        if (leave) break;
        controller.abort();
      }
    };
    if (leave) await read();
    else await assert.rejects(read(), { code: "aborted" });
    await closed.promise;
  }
});

test("a source is closed only if the caller leaves early, and what closing throws is not thrown to the caller", async () => {
  let closed = 0;
  const source = (next) => ({
    [Symbol.asyncIterator]: () => ({
      next,
      return() {
        closed++;
        throw new Error("closing failed");
      },
    }),
  });
  await collect(
    stream(
      source(async () => ({ done: true })),
      1,
      predictAll,
      {},
    ),
  );
  const failing = async () => {
    throw new Error("the source failed");
  };
  await assert.rejects(collect(stream(source(failing), 1, predictAll, {})), { message: "the source failed" });
  assert.equal(closed, 0);
  for await (const _ of stream(
    source(async () => ({ done: false, value: "a" })),
    1,
    predictAll,
    {},
  ))
    break;
  assert.equal(closed, 1);
});

test("an abort does not wait for a source that gives nothing", async () => {
  const controller = new AbortController();
  async function* source() {
    await new Promise(() => {});
  }
  const read = collect(stream(source(), 2, predictAll, { signal: controller.signal }));
  controller.abort();
  await assert.rejects(read, { code: "aborted" });
});
