/** Waits until `condition` holds in the page. Unlike Playwright's `waitForFunction`, it takes an asynchronous one. */
export async function eventually(page, condition, argument) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (await page.evaluate(condition, argument)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not fulfilled within 10 seconds: ${condition}`);
}
