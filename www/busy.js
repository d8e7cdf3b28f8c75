// Whether a table is being read or labels are being taught: meanwhile the model stays, and the page is not reloaded.
const jobs = new Set();

export const isBusy = () => jobs.size > 0;
export const begin = (job) => void jobs.add(job);
export const end = (job) => void jobs.delete(job);
