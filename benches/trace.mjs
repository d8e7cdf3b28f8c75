// How long the main thread of a page is at work at a stretch, from Chromium's own trace.

const CATEGORIES = ["toplevel", "blink.user_timing"];
const MARK = "litmus-traced";

/** What `work` resolves to, and the tasks of the page's main thread meanwhile. */
export async function traced(page, work) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: CATEGORIES });
  const result = await work();
  await page.evaluate((mark) => performance.mark(mark), MARK);
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  return { result, tasksMs: tasksMs(traceEvents) };
}

/** In milliseconds of processor time, longest first: waiting for a busy machine does not count. */
function tasksMs(events) {
  // Not those of the browser's own pages, which are in the trace as well.
  const main = events.find(({ name }) => name === MARK);
  const isMain = ({ pid, tid }) => pid === main.pid && tid === main.tid;
  const tasks = events.filter((event) => event.name.endsWith("RunTask") && event.tdur !== undefined && isMain(event));
  return tasks.map(({ tdur }) => tdur / 1000).sort((a, b) => b - a);
}
