import { createClassifier, predict } from "litmus-text";
import { expect, test } from "vitest";

const LIMIT = 60_000;
const TEXT = "I loved every minute of it";
const show = ({ label, score }) => `${label} ${score}`;

test("predict", { timeout: LIMIT }, async () => {
  expect(show(await predict(TEXT))).toBe(import.meta.env.VITE_EXPECTED);
});

test("a signal of the environment", { timeout: LIMIT }, async () => {
  const controller = new AbortController();
  const classifier = await createClassifier({ signal: controller.signal });
  controller.abort();
  await expect(classifier.predict(TEXT, { signal: controller.signal })).rejects.toMatchObject({ code: "aborted" });
  classifier.close();
});
