/**
 * Waits until `read()` resolves to the same value twice, a second apart, and resolves to it. Work that was stopped ends with
 * what is being computed: `limit` milliseconds must be far less than the work would take.
 */
export async function untilUnchanged(read, limit) {
  let before = await read();
  for (const end = Date.now() + limit; Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = await read();
    if (now === before) return now;
    before = now;
  }
  throw new Error(`still changing after ${limit} ms: ${before}`);
}

/** Waits until `condition` holds in the page. Unlike Playwright's `waitForFunction`, it takes an asynchronous one. */
export async function eventually(page, condition, argument) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (await page.evaluate(condition, argument)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not fulfilled within 10 seconds: ${condition}`);
}
