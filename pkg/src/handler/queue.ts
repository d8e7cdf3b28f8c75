import { Fault } from "./faults.js";

/** The texts that were let in and wait for their answer. */
export class Queue {
  readonly #most: number;
  length = 0;
  #busySince = 0;
  #busyMs = 0;
  #answered = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Lets so many texts in. Returns what says, once each, that one is answered, and then that all are. */
  enter(count: number): { answered: () => void; leave: () => void } {
    if (this.length >= this.#most) {
      throw new Fault("busy", undefined, { headers: { "retry-after": String(this.#secondsLeft()) } });
    }
    if (this.length === 0) this.#busySince = performance.now();
    this.length += count;
    let left = count;
    return {
      answered: () => {
        if (left === 0) return; // it came after everybody had left
        left--;
        this.#answered++;
        this.#release(1);
      },
      leave: () => {
        this.#release(left);
        left = 0;
      },
    };
  }

  #release(count: number): void {
    if (count === 0) return;
    this.length -= count;
    if (this.length === 0) this.#busyMs += performance.now() - this.#busySince;
  }

  /** What the queue takes at the pace so far. */
  #secondsLeft(): number {
    const busyMs = this.#busyMs + performance.now() - this.#busySince;
    return Math.min(60, Math.ceil((this.length * busyMs) / Math.max(this.#answered, 1) / 1000)) || 1;
  }
}
