// The limit of texts that wait for their prediction, and the Retry-After header.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { importSource } from "./source.mjs";

const { QueueLimit } = await importSource("handler/queue-limit.ts");

/** The error of a request with one text, if it is not admitted. */
function rejection(queue) {
  try {
    queue.admit(1).release();
    return undefined;
  } catch (error) {
    return error;
  }
}

test("requests are admitted until the limit is reached, even one that exceeds it", () => {
  const queue = new QueueLimit(10);
  const first = queue.admit(9);
  const second = queue.admit(50);
  assert.equal(queue.length, 59);
  assert.deepEqual([rejection(queue).code, rejection(queue).status], ["busy", 429]);
  second.release();
  assert.equal(queue.length, 9);
  assert.equal(rejection(queue), undefined);
  first.release();
  assert.equal(queue.length, 0);
});

test("a text leaves the queue once, when it is done or when its request ends", () => {
  const queue = new QueueLimit(10);
  const request = queue.admit(3);
  request.textDone();
  assert.equal(queue.length, 2);
  request.release();
  assert.equal(queue.length, 0);
  request.textDone();
  request.release();
  assert.equal(queue.length, 0);
});

test("Retry-After is the length of the queue at the pace so far, from 1 to 60 seconds", () => {
  const retryAfter = (queue) => rejection(queue).headers["retry-after"];
  let now = 0;
  const clock = mock.method(performance, "now", () => now);
  try {
    const queue = new QueueLimit(20);
    const request = queue.admit(30);
    assert.equal(retryAfter(queue), "1", "nothing is done yet");
    now = 5000;
    for (let i = 0; i < 10; i++) request.textDone(); // 500 ms each
    assert.equal(retryAfter(queue), "10");
    request.release();
    now = 1_000_000; // idle time does not count
    queue.admit(20);
    assert.equal(retryAfter(queue), "10");
    now = 2_000_000;
    assert.equal(retryAfter(queue), "60");
  } finally {
    clock.mock.restore();
  }
});
