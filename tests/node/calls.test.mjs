// Aborts, streams and crashes in the calling thread.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { createClassifier, LitmusError } from "litmus-text";
import { computed, memory } from "./instances.mjs";
import { residentBytes } from "./memory.mjs";

/** Maximum number of texts that a stream predicts at once. */
const PIECE = 32;
/** The most rows of a batch. */
const BATCH = 32;

const ROWS = Number(process.env.LITMUS_ROWS ?? 100_000);
/** Allowed memory growth per finished row, of which nothing may be kept. */
const MAX_BYTES_PER_ROW = 10;

let classifier;
before(async () => (classifier = await createClassifier()));

const texts = (count) => Array.from({ length: count }, () => "a gorgeous movie");

async function collect(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

test("an abort between two batches stops the computation", async () => {
  const controller = new AbortController();
  const before = computed;
  const call = classifier.predict(texts(1000), {
    signal: controller.signal,
    onProgress: ({ done }) => done > 0 && controller.abort(new Error("enough")),
  });
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof LitmusError);
    assert.deepEqual([error.name, error.code, error.cause.message], ["AbortError", "aborted", "enough"]);
    return true;
  });
  const atAbort = computed - before;
  assert.ok(atAbort > 0 && atAbort < 1000, `${atAbort} texts`);
  assert.equal((await classifier.predict("a gorgeous movie")).label, "positive");
  assert.ok(computed - before - atAbort <= BATCH + 1, "at most one more batch, and the call after it");
});

test("AbortSignal.timeout() is a timeout, alone or with another signal", async () => {
  const signals = [AbortSignal.timeout(50), AbortSignal.any([new AbortController().signal, AbortSignal.timeout(50)])];
  for (const signal of signals) {
    const timedOut = { name: "TimeoutError", code: "timeout" };
    await assert.rejects(classifier.predict(texts(1000), { signal }), timedOut);
    await assert.rejects(createClassifier({ signal }), timedOut);
    await assert.rejects(collect(classifier.stream(texts(1000), { signal })), timedOut);
  }
  await assert.rejects(classifier.predict(texts(1000), { timeout: 50 }), { name: "TimeoutError", code: "timeout" });
});

test("an aborted load rejects", async () => {
  await assert.rejects(createClassifier({ signal: AbortSignal.abort() }), { code: "aborted" });
  const controller = new AbortController();
  const load = createClassifier({ signal: controller.signal });
  controller.abort();
  await assert.rejects(load, { code: "aborted" });
});

test("the index in an error refers to the whole array, even if the array is predicted in parts", async () => {
  const many = texts(700);
  many[600] = " ";
  await assert.rejects(classifier.predict(many), { code: "empty-text", index: 600 });
  const few = [...texts(5), ""];
  await assert.rejects(classifier.predict(few, { signal: new AbortController().signal }), {
    code: "empty-text",
    index: 5,
  });
});

test("a stream keeps the order, and yields an error for each bad row", async () => {
  const rows = ["a gorgeous movie", "", 42, "a bleak, desperate movie", "  ", null, "a gorgeous movie"];
  const progress = [];
  const items = await collect(classifier.stream(rows, { topK: 1, onProgress: (each) => progress.push(each) }));
  assert.deepEqual(
    items.map(({ index }) => index),
    rows.map((_, index) => index),
  );
  assert.deepEqual(
    items.map(({ text }) => text),
    rows,
  );
  const told = items.map(({ prediction, error }) => prediction?.label ?? error.code);
  assert.deepEqual(told, [
    "positive",
    "empty-text",
    "invalid-input",
    "negative",
    "empty-text",
    "invalid-input",
    "positive",
  ]);
  assert.ok(items.every(({ error }, index) => !error || (error instanceof LitmusError && error.index === index)));
  assert.deepEqual(items[0].prediction, await classifier.predict(rows[0], { topK: 1 }));
  assert.deepEqual(progress.at(-1), { done: rows.length, failed: 4, total: rows.length });
});

test("a stream accepts anything iterable, and rejects anything else", async () => {
  async function* source() {
    yield* texts(3);
  }
  for (const rows of [texts(3), new Set(["good", "bad", "fine"]), source(), texts(3).values()]) {
    assert.equal((await collect(classifier.stream(rows))).length, 3);
  }
  assert.deepEqual(await collect(classifier.stream([])), []);
  for (const rows of ["text", 1, null, undefined, {}]) {
    await assert.rejects(collect(classifier.stream(rows)), { code: "invalid-input" });
  }
  await assert.rejects(collect(classifier.stream([], { topK: 0 })), { code: "invalid-input" });
  const closed = await createClassifier();
  closed.close();
  await assert.rejects(collect(closed.stream(["good"])), { code: "closed" });
});

test("an error of the source rejects the stream, after the rows before it", async () => {
  async function* source() {
    yield "a gorgeous movie";
    await new Promise((resolve) => setTimeout(resolve, 200));
    throw new RangeError("no more");
  }
  const labels = [];
  await assert.rejects(
    async () => {
      for await (const { prediction } of classifier.stream(source())) labels.push(prediction.label);
    },
    { name: "RangeError", message: "no more" },
  );
  assert.deepEqual(labels, ["positive"]);
});

test("rows of a slow source are predicted before a piece is full", async () => {
  let go;
  async function* source() {
    yield "a gorgeous movie";
    await new Promise((resolve) => (go = resolve));
    yield "a bleak, desperate movie";
  }
  const stream = classifier.stream(source());
  assert.equal((await stream.next()).value.prediction.label, "positive");
  go();
  assert.equal((await stream.next()).value.prediction.label, "negative");
  assert.equal((await stream.next()).done, true);
});

test(`${ROWS} rows stream in constant memory, at most four pieces ahead`, { timeout: ROWS * 6 }, async () => {
  const tiny = await createClassifier({ model: join(process.env.LITMUS_FIXTURES, "tiny") });
  let read = 0;
  function* rows() {
    while (read < ROWS) yield `row ${read++} is good`;
  }
  let maxAhead = 0;
  let done = 0;
  let memoryBytes;
  let start;
  let turns = 0;
  const others = setInterval(() => turns++);
  for await (const { index, prediction } of tiny.stream(rows())) {
    assert.ok(index === done && prediction.score > 0);
    maxAhead = Math.max(maxAhead, read - done++);
    if (done === 1000) {
      start = await residentBytes();
      ({ memoryBytes } = tiny.info);
    }
  }
  clearInterval(others);
  assert.equal(done, ROWS);
  assert.ok(maxAhead <= 4 * PIECE, `${maxAhead} rows ahead`);
  assert.equal(tiny.info.memoryBytes, memoryBytes);
  const grown = (await residentBytes()) - start;
  assert.ok(grown < MAX_BYTES_PER_ROW * done, `${grown} bytes more`);
  assert.ok(turns > 100, "the event loop runs meanwhile");
  tiny.close();
});

test("a trap rejects its call, and the next call works on a new instance", async () => {
  const other = await createClassifier();
  const crashed = memory;
  new Uint8Array(crashed.buffer).fill(0xff);
  await assert.rejects(
    classifier.predict("a gorgeous movie"),
    (error) => error.code === "internal" && error.cause instanceof Error,
  );
  assert.equal((await classifier.predict("a gorgeous movie")).label, "positive");
  assert.notEqual(memory, crashed);
  assert.equal(
    (await other.predict("a gorgeous movie")).label,
    "positive",
    "classifiers of the same instance are loaded again",
  );
  other.close();
});
