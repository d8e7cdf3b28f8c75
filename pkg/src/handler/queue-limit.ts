import { retryAfter, ServiceError } from "./service-error.js";

/** The largest `Retry-After`, in seconds. */
const MAX_RETRY_S = 60;

/** The admitted texts of one request. */
export interface Admission {
  /** Counts one text as done. */
  textDone(): void;
  /** Releases the texts that are not done. Called at the end of the request. */
  release(): void;
}

/** Limits how many texts wait for their prediction, and estimates how long they will wait. */
export class QueueLimit {
  readonly #limit: number;
  #length = 0;
  /** Length of the finished busy periods in milliseconds. A busy period is a time in which at least one text waits. */
  #busyMs = 0;
  /** Start of the current busy period, in milliseconds of `performance.now()`. */
  #busySince = 0;
  /** How many texts are done. */
  #done = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many texts are waiting. */
  get length(): number {
    return this.#length;
  }

  /**
   * Admits `count` texts if fewer than the limit are waiting. With them, more may wait than the limit: else an idle service would
   * reject a large batch.
   *
   * @throws ServiceError `busy`
   */
  admit(count: number): Admission {
    if (this.#length >= this.#limit) {
      const seconds = this.#secondsLeft();
      throw new ServiceError(
        "busy",
        `${this.#length} texts are waiting: try again in ${seconds} s`,
        retryAfter(seconds),
      );
    }
    if (this.#length === 0) this.#busySince = performance.now();
    this.#length += count;
    let left = count;
    return {
      textDone: () => {
        if (left === 0) return; // the request was released while this text was being computed
        left--;
        this.#done++;
        this.#remove(1);
      },
      release: () => {
        this.#remove(left);
        left = 0;
      },
    };
  }

  #remove(count: number): void {
    if (count === 0) return;
    this.#length -= count;
    if (this.#length === 0) this.#busyMs += performance.now() - this.#busySince;
  }

  /** The seconds that the waiting texts will take at the average pace so far: an integer from 1 to `MAX_RETRY_S`. */
  #secondsLeft(): number {
    const busyMs = this.#busyMs + performance.now() - this.#busySince;
    const msPerText = busyMs / Math.max(this.#done, 1);
    return Math.min(MAX_RETRY_S, Math.ceil((this.#length * msPerText) / 1000)) || 1;
  }
}
