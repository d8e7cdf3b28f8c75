import assert from "node:assert/strict";
import { test } from "node:test";
import { importSource } from "./source.mjs";

const { closedError, isLitmusError, LitmusError, toLitmusError, withIndex } = await importSource("shared/errors.ts");

test("the names of aborts and timeouts are the platform's", () => {
  const names = ["aborted", "timeout", "internal", "empty-text"].map((code) => new LitmusError(code, "").name);
  assert.deepEqual(names, ["AbortError", "TimeoutError", "LitmusError", "LitmusError"]);
});

test("index and cause exist only where they are given", () => {
  const bare = new LitmusError("closed", "no more");
  assert.equal("index" in bare, false);
  assert.equal("cause" in bare, false);
  const full = new LitmusError("empty-text", "empty", { index: 0, cause: null });
  assert.deepEqual([full.index, full.cause, full.message], [0, null, "empty"]);
});

test("errors of another copy of the class are recognised", async () => {
  const other = await importSource("shared/errors.ts");
  for (const code of ["aborted", "timeout", "closed"]) {
    const error = new other.LitmusError(code, "");
    assert.equal(error instanceof LitmusError, false);
    assert.equal(toLitmusError(error), error);
  }
});

test("other errors are not taken for ours", () => {
  const others = [
    new DOMException("", "AbortError"),
    new DOMException("", "TimeoutError"),
    Object.assign(new Error(""), { code: "aborted" }),
    Object.assign(new Error(""), { name: "AbortError", code: "ABORT_ERR" }),
    null,
    undefined,
    "text",
  ];
  for (const other of others) assert.equal(isLitmusError(other), false, String(other));
});

test("anything else is an internal error with its cause", () => {
  const cause = new TypeError("wrong");
  const error = toLitmusError(cause);
  assert.deepEqual([error.code, error.message, error.cause], ["internal", "wrong", cause]);
  assert.deepEqual([toLitmusError("text").message, toLitmusError(undefined).message], ["text", "undefined"]);
});

test("the index can be changed and removed", () => {
  const cause = new Error("why");
  const error = withIndex(new LitmusError("empty-text", "empty", { index: 3, cause }), 300);
  assert.deepEqual([error.code, error.index, error.cause], ["empty-text", 300, cause]);
  assert.equal("index" in withIndex(error, undefined), false);
  assert.equal(closedError().code, "closed");
});
