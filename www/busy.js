// What a change of the model or a reload would interrupt or lose: a table that is being read, labels that are being taught, and
// results that have not been downloaded.
const jobs = new Set();
let unsaved = false;

const warn = (event) => event.preventDefault();

/** Whether a table is being read or labels are being taught: meanwhile the model stays. */
export const isBusy = () => jobs.size > 0;

/** Begins a job. Until it ends, the browser asks before the page is left. */
export function begin(job) {
  jobs.add(job);
  addEventListener("beforeunload", warn);
}

export function end(job) {
  jobs.delete(job);
  if (!isBusy()) removeEventListener("beforeunload", warn);
}

export const hasUnsaved = () => unsaved;
export function markUnsaved(is) {
  unsaved = is;
}
