// What the command rejects before it loads a model.
import assert from "node:assert/strict";
import { test } from "node:test";
import { importSource } from "./source.mjs";

const { checkTasks } = await importSource("command/usage.ts");

test("tasks and a head exclude each other, and no task is named twice", () => {
  for (const [tasks, head] of [
    [[], undefined],
    [[], "own.head"],
    [["emotion", "toxicity"], undefined],
  ])
    checkTasks(tasks, head);
  assert.throws(() => checkTasks(["emotion"], "own.head"), {
    message: "--task and --head exclude each other: leave one out",
  });
  assert.throws(() => checkTasks(["emotion", "toxicity", "emotion"], undefined), {
    message: /--task emotion is given twice/,
  });
});
