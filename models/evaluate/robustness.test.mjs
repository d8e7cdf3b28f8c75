// node --test models/evaluate
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { changedTexts, endingsOf, readEndings, sameLabel } from "./robustness.mjs";

const endings = { objects: "🪟", negative: "😕", positive: "😺" };
const scores = (negative, neutral, positive) => ({ negative, neutral, positive });

test('a neutral text gets objects alone, others also "!" and an emoji of their sentiment, glued and after a blank', () => {
  assert.deepEqual([...endingsOf(endings, "neutral").values()], ["🪟", " 🪟"]);
  assert.deepEqual([...endingsOf(endings, "positive").values()], ["!", "🪟", "😺", " !", " 🪟", " 😺"]);
});

test("only texts that the model is sure of are changed", () => {
  const rows = [
    { text: "Good. ", scores: scores(0.1, 0.1, 0.8) },
    { text: "Unclear.", scores: scores(0.31, 0, 0.69) },
  ];
  const changed = changedTexts(endings, rows);
  assert.equal(changed.length, 6);
  assert.deepEqual(changed[1], { variant: "🪟", text: "Good.🪟", label: "positive" });
});

test("labels that stay the same are counted by variant", () => {
  const found = sameLabel([
    { variant: "!", label: "positive", scores: scores(0, 0, 1) },
    { variant: "!", label: "negative", scores: scores(0, 1, 0) },
    { variant: "🪟", label: "neutral", scores: scores(0, 1, 0) },
  ]);
  assert.deepEqual([found.texts, found.same, found.share], [3, 2, 2 / 3]);
  assert.deepEqual(found.worst, { variant: "!", share: 0.5 });
  assert.deepEqual(found.variants["🪟"], { texts: 1, same: 1 });
});

test("no emoji of the endings is used to train endings", async () => {
  const augment = await readFile(new URL("../train/augment.py", import.meta.url), "utf8");
  const measured = Object.values(await readEndings()).flatMap((emoji) => [...emoji]);
  assert.equal(measured.length, 20);
  assert.deepEqual(
    measured.filter((emoji) => augment.includes(emoji)),
    [],
  );
});
