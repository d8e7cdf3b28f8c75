// Timeouts and memory limits end any call of any model, and the next call works.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { createGzip } from "node:zlib";
import { sendHalf, serveModel } from "../harness/server.mjs";
import { useSite } from "../harness/site.mjs";
import { expectWorkers } from "../harness/workers.mjs";
import { hoarding, hungry, slow, slowToLoad } from "./hostile-models.mjs";

/** Limit for the second of grace and the start of a worker on a busy machine. */
const SOON_MS = 8000;

const site = useSite();

/** A page with `files(bytes)`, a model of that graph with two labels and a small tokenizer, and `outcome(work)`. */
async function plain() {
  const visit = await site.packagePage();
  await visit.page.evaluate(async () => {
    const get = async (file) => (await fetch(`/fixtures/bad/small-embedding/${file}`)).text();
    const [config, tokenizer] = await Promise.all([get("config.json"), get("tokenizer.json")]);
    const bytes = (text) => new TextEncoder().encode(text);
    globalThis.files = (model, changes = {}) => ({
      config: bytes(JSON.stringify({ ...JSON.parse(config), ...changes.config })),
      tokenizer: bytes(JSON.stringify({ ...JSON.parse(tokenizer), ...changes.tokenizer })),
      model: Uint8Array.from(model),
    });
    /** The code of the error, or "fine", and the milliseconds that it took. */
    globalThis.outcome = async (work) => {
      const start = performance.now();
      const code = await work().then(
        () => "fine",
        ({ code }) => code,
      );
      return { code, ms: performance.now() - start };
    };
  });
  return visit;
}

function* zeros() {
  const some = Buffer.alloc(1 << 20);
  for (;;) yield some;
}

const works = (page) => page.evaluate(async () => (await litmus.predict("a gorgeous movie")).label);

test("a model whose computation never ends is terminated with its worker, and the next call has another", async () => {
  const { page, context } = await plain();
  assert.equal(await works(page), "positive");
  const { late, behind, signalled, tokens } = await page.evaluate(
    async (model) => {
      const classifier = await litmus.createClassifier({ model: files(model) });
      const text = "the dog is happy ".repeat(12);
      const behind = outcome(() => classifier.predict(text, { timeout: 400 }));
      const late = await outcome(() => classifier.predict(text, { timeout: 500 }));
      const signalled = await outcome(() => classifier.predict(text, { signal: AbortSignal.timeout(500) }));
      return { late, behind: await behind, signalled, tokens: (await classifier.tokenize("the dog")).tokens.length };
    },
    [...slow()],
  );
  assert.equal(late.code, "timeout");
  assert.equal(behind.code, "timeout");
  assert.equal(signalled.code, "timeout", "AbortSignal.timeout() ends the worker, too");
  assert.ok(late.ms >= 490 && late.ms < SOON_MS, `${late.ms} ms`);
  assert.ok(tokens > 2);
  assert.equal(await works(page), "positive", "other classifiers are unaffected");
  await context.close();
});

test("a model whose load never ends times out, and its worker is terminated", async () => {
  const { page, context } = await plain();
  const load = await page.evaluate(
    (model) => outcome(() => litmus.createClassifier({ model: files(model), timeout: 1500 })),
    [...slowToLoad()],
  );
  assert.equal(load.code, "timeout");
  assert.ok(load.ms >= 1490 && load.ms < SOON_MS, `${load.ms} ms`);
  assert.equal(await works(page), "positive");
  await expectWorkers(page, 1);
  await context.close();
});

test("a server whose response never ends times out", async () => {
  const server = await serveModel((response, bytes) => sendHalf(response, bytes));
  const { page, context } = await plain();
  for (const workers of ["auto", 0]) {
    const load = await page.evaluate((options) => outcome(() => litmus.createClassifier(options)), {
      model: server.url,
      timeout: 1500,
      workers,
    });
    assert.equal(load.code, "timeout", `workers: ${workers}`);
    assert.ok(load.ms < SOON_MS, `${load.ms} ms`);
  }
  await server.close();
  await context.close();
});

test("a file that a server's compression makes endless is given up after 1 GiB", { timeout: 60_000 }, async () => {
  const ends = [];
  const server = await serveModel(async (response) => {
    ends.push(once(response, "close"));
    response.writeHead(200, { "content-encoding": "gzip" });
    await pipeline(Readable.from(zeros()), createGzip(), response).catch(() => {});
  });
  const { page, context } = await plain();
  const model = server.url;
  for (const workers of ["auto", 0]) {
    const { code, message } = await page.evaluate(
      (options) => litmus.createClassifier(options).catch(({ code, message }) => ({ code, message })),
      { model, workers },
    );
    assert.deepEqual([code, message], ["out-of-memory", `could not load ${model}model.onnx: more than 1 GiB`]);
  }
  assert.equal(ends.length, 2);
  await Promise.all(ends);
  assert.equal(await works(page), "positive");
  await server.close();
  await context.close();
});

test("a call that stops within the grace period keeps its worker; without workers it stops too", async () => {
  const { page, context } = await plain();
  let started;
  page.on("worker", () => started++);
  for (const [workers, count] of [
    ["auto", 1],
    [2, 2],
    [0, 0],
  ]) {
    started = 0;
    const codes = await page.evaluate(async (workers) => {
      const classifier = await litmus.createClassifier({ workers });
      const texts = Array.from({ length: 3000 }, () => "a gorgeous movie");
      const { code } = await outcome(() => classifier.predict(texts, { timeout: 300 }));
      const streamed = await outcome(async () => {
        for await (const _ of classifier.stream(texts, { timeout: 300 }));
      });
      const { label } = await classifier.predict("a gorgeous movie", { timeout: 60_000 });
      classifier.close();
      return { code, streamed: streamed.code, label };
    }, workers);
    assert.deepEqual(
      [codes.code, codes.streamed, codes.label],
      ["timeout", "timeout", "positive"],
      `workers: ${workers}`,
    );
    assert.equal(started, count, "no worker was replaced");
  }
  await context.close();
});

test("the timeout of the first predict includes the load", async () => {
  const { page, context } = await plain();
  const first = await page.evaluate(() => outcome(() => litmus.predict("a gorgeous movie", { timeout: 1 })));
  assert.equal(first.code, "timeout");
  assert.equal(await works(page), "positive", "the load continues");
  await context.close();
});

test("a tokenizer whose matching never ends is terminated", async () => {
  const { page, context } = await plain();
  const regex = { type: "Split", pattern: { Regex: "(?:(?=(a+)+b)x|y)z" }, behavior: "Isolated", invert: false };
  const late = await page.evaluate(
    async ({ model, pre_tokenizer }) => {
      const classifier = await litmus.createClassifier({ model: files(model, { tokenizer: { pre_tokenizer } }) });
      const late = await outcome(() => classifier.tokenize("a".repeat(200_000), { timeout: 500 }));
      return { ...late, next: (await classifier.tokenize("the dog")).tokens.length > 2 };
    },
    { model: [...hungry()], pre_tokenizer: regex },
  );
  assert.equal(late.code, "timeout");
  assert.ok(late.ms < SOON_MS && late.next);
  await context.close();
});

test("a model that needs more memory than there is fails with out-of-memory, and the next call works", async () => {
  const { page, context, errors } = await plain();
  // One tensor that is too large is rejected; many tensors exhaust the memory.
  for (const [model, words] of [
    [hungry(), 7000],
    [hoarding(), 900],
  ]) {
    for (const workers of ["auto", 0]) {
      const outcomes = await page.evaluate(
        async ({ model, words, workers }) => {
          const config = { max_position_embeddings: 16_384 };
          const classifier = await litmus.createClassifier({ model: files(model, { config }), workers });
          const long = await outcome(() => classifier.predict("the dog ".repeat(words)));
          const next = await outcome(() => classifier.predict("the dog"));
          classifier.close();
          return [long.code, next.code];
        },
        { model: [...model], words, workers },
      );
      assert.deepEqual(outcomes, ["out-of-memory", "fine"], `${words} × 2 words, workers: ${workers}`);
      assert.equal(await works(page), "positive");
    }
  }
  assert.deepEqual(errors, []);
  await context.close();
});
