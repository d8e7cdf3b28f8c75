// The tasks of a page's main thread, from Chromium's trace.

const CATEGORIES = ["toplevel", "blink.user_timing"];
const MARK = "litmus-traced";

/** Runs `work`. Resolves to its result and to the durations of the main thread's tasks meanwhile. */
export async function traced(page, work) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: CATEGORIES });
  const result = await work();
  await page.evaluate((mark) => performance.mark(mark), MARK);
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  return { result, tasksMs: tasksMs(traceEvents) };
}

/** Milliseconds of processor time, longest first. Wall-clock time would count waiting on a busy machine. */
function tasksMs(events) {
  // The trace also has the browser's own pages.
  const main = events.find(({ name }) => name === MARK);
  const isMain = ({ pid, tid }) => pid === main.pid && tid === main.tid;
  const tasks = events.filter((event) => event.name.endsWith("RunTask") && event.tdur !== undefined && isMain(event));
  return tasks.map(({ tdur }) => tdur / 1000).sort((a, b) => b - a);
}
