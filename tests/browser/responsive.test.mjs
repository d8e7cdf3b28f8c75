// The page stays responsive: no long task runs on its main thread.
import assert from "node:assert/strict";
import { test } from "node:test";
import { traced } from "../../benches/trace.mjs";
import { useSite } from "../harness/site.mjs";

/** Limit of main-thread tasks in milliseconds: a frame at 60 Hz. */
const LONGEST_TASK_MS = 16;
const PREDICTIONS = 1000;

const site = useSite();

test(`no task of the main thread takes ${LONGEST_TASK_MS} ms during a load and ${PREDICTIONS} predictions`, async (t) => {
  const { page, context } = await site.packagePage();
  const load = async (predictions) => {
    const classifier = await litmus.createClassifier({ onProgress: () => {} });
    const texts = Array.from({ length: predictions / 2 }, (_, i) => `movie ${i} is a gorgeous one`);
    const together = await classifier.predict(texts);
    let alone = 0;
    for (const text of texts) alone += (await classifier.predict(text)).tokens > 0 ? 1 : 0;
    return together.length + alone;
  };
  const { result, tasksMs: all } = await traced(page, () => page.evaluate(load, PREDICTIONS));
  assert.equal(result, PREDICTIONS);
  // The answers of a batch share tasks; each of the calls one by one has its own.
  assert.ok(all.length > PREDICTIONS / 2, `the trace shows only ${all.length} tasks`);
  t.diagnostic(
    `the longest tasks: ${all
      .slice(0, 5)
      .map((ms) => ms.toFixed(1))
      .join(", ")} ms of ${all.length}`,
  );
  assert.ok(all[0] < LONGEST_TASK_MS, `${all[0]} ms`);
  await context.close();
});
