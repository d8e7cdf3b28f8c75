// Explanations and long texts in workers: results, progress and aborts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useSite } from "../harness/site.mjs";
import { watchWorkers } from "../harness/workers.mjs";

const site = useSite();

const watchedPage = () => site.packagePage({ prepare: watchWorkers });

const LONG = "The story has no middle and no end. ".repeat(1000);

test("a worker, a pool and the page give the same answers, with offsets into the given string", async () => {
  const { page, context, errors } = await watchedPage();
  const [inPage, inWorker, inPool] = await page.evaluate(async (long) => {
    const texts = ["👨‍👩‍👧‍👦 What a \ud83d film!\r\nA joy.", "素晴らしい映画でした。", "שלום, a good film"];
    const answers = [];
    for (const workers of [0, "auto", 2]) {
      const classifier = await litmus.createClassifier({ workers });
      const predictions = await classifier.predict(texts, { explain: true, threshold: 0.9 });
      const sampled = await classifier.predict(texts[0], { explain: { method: "shapley", samples: 2, seed: 4 } });
      const wrong = predictions.flatMap(({ attributions }, i) =>
        attributions.filter(({ start, end, text }) => text !== texts[i].slice(start, end)),
      );
      const { windows } = await classifier.predict(`🙂 ${long.slice(0, 5000)}`);
      // Escaped, because Playwright does not transfer lone surrogates.
      answers.push(escape(JSON.stringify({ predictions, sampled, wrong, windows })));
      classifier.close();
    }
    return answers;
  }, LONG);
  assert.equal(inWorker, inPage);
  assert.equal(inPool, inPage);
  const { predictions, wrong, windows } = JSON.parse(unescape(inPage));
  assert.deepEqual(wrong, []);
  assert.ok(windows.length > 5 && windows.at(-1).end === 5003, JSON.stringify(windows.at(-1)));
  assert.deepEqual(predictions[1].warnings, ["other-script", "mostly-unknown-tokens"]);
  assert.deepEqual(
    predictions.map(({ label, score }) => label === null || score >= 0.9),
    Array(3).fill(true),
  );
  assert.deepEqual(errors, []);
  await context.close();
});

test("progress comes from the worker while it works, and an abort ends the text between two windows", async () => {
  const { page, context } = await watchedPage();
  const seen = await page.evaluate(async (long) => {
    globalThis.classifier = await litmus.createClassifier();
    const controller = new AbortController();
    const heard = [];
    const onProgress = (progress) => {
      heard.push(progress);
      if (progress.done > 0) controller.abort();
    };
    const { code } = await classifier.predict(long, { signal: controller.signal, onProgress }).catch((error) => error);
    return { code, heard, behind: (await classifier.predict("good")).label };
  }, LONG);
  assert.equal(seen.code, "aborted");
  const { total } = seen.heard[0];
  assert.ok(total > 50);
  assert.deepEqual(seen.heard[0], { done: 0, total });
  const [{ done }] = seen.heard.slice(1);
  assert.ok(seen.heard.length === 2 && done > 0 && done < total / 4, `${done} of ${total}`);
  assert.equal(seen.behind, "positive");
  // What the page has heard of, what the worker computed meanwhile, one more batch, and the next call.
  const [computed] = await Promise.all(page.workers().map((worker) => worker.evaluate(() => globalThis.computed)));
  assert.ok(computed <= 3 * done + 1, `${computed} computed`);
  await context.close();
});

test("a rejected text has a code, and a stream continues after it", async () => {
  const { page, context } = await watchedPage();
  const seen = await page.evaluate(async (long) => {
    const rejected = await litmus
      .predict(["good", long], { longText: "error" })
      .catch(({ code, index, message }) => [code, index, message]);
    const classifier = await litmus.createClassifier();
    const rows = [];
    for await (const { prediction, error } of classifier.stream(["good", long, "bad"], {
      longText: "error",
      explain: true,
    })) {
      rows.push(error ? error.code : prediction.attributions.map(({ text }) => text));
    }
    return { rejected, rows };
  }, LONG);
  assert.deepEqual(seen.rejected.slice(0, 2), ["text-too-long", 1]);
  assert.match(seen.rejected[2], /^the text has 9002 tokens, the model reads 512: /);
  assert.deepEqual(seen.rows, [["good"], "text-too-long", ["bad"]]);
  await context.close();
});
