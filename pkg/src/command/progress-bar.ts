/// <reference types="node" />

const WIDTH = 30;
/** Milliseconds between two drawings. */
const PAUSE_MS = 100;

/** A progress bar on standard error, if that is a terminal. While the total is 0, nothing is drawn. */
export class ProgressBar {
  #last = 0;

  update(done: number, total: number): void {
    const now = Date.now();
    if (!process.stderr.isTTY || total === 0 || (now - this.#last < PAUSE_MS && done < total)) return;
    this.#last = now;
    const filled = Math.round((WIDTH * done) / total);
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    process.stderr.write(`\r${bar} ${Math.floor((100 * done) / total)} %  ${done} of ${total}`);
  }

  /** Removes the bar. */
  clear(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  }
}
