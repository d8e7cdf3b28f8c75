import { isLitmusError, LitmusError } from "./errors.js";
import type { CallOptions } from "./types.js";

/** A signal that is never aborted. A function, because workerd throws when a signal is created while a program is loading. */
export const neverAborts = (): AbortSignal => new AbortController().signal;

/** Whether an abort reason is a timeout: that of our option, or of `AbortSignal.timeout()`. */
export const isTimeout = (reason: unknown): boolean => (Object(reason) as { name?: unknown }).name === "TimeoutError";

/** The error of a call whose signal was aborted. */
export function abortError({ reason }: AbortSignal): LitmusError {
  if (!isTimeout(reason)) return new LitmusError("aborted", "the call was aborted", { cause: reason });
  return isLitmusError(reason) ? reason : new LitmusError("timeout", "the call's signal timed out", { cause: reason });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** Calls `stop` when `signal` is aborted, or at once if it already is. Returns a function that removes the listener. */
export function whenAborted(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  return () => signal?.removeEventListener("abort", stop);
}

/** Settles like `promise`, or rejects as soon as `signal` is aborted. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const removeListener = whenAborted(signal, () => reject(abortError(signal as AbortSignal)));
    promise.then(resolve, reject).finally(removeListener);
  });
}

/** Aborts `controller` when `signal` is aborted or `timeout` has passed. Returns a function that removes the listener and the timer. */
export function follow({ signal, timeout }: CallOptions, controller: AbortController): () => void {
  const stop = () => controller.abort(new LitmusError("timeout", `the call took longer than ${timeout} ms`));
  const timer = timeout && setTimeout(stop, timeout);
  const removeListener = whenAborted(signal, () => controller.abort(signal?.reason));
  return () => {
    clearTimeout(timer);
    removeListener();
  };
}

/** Runs `work` with a signal that these options abort. The signal is also aborted when `work` settles, to stop leftover work. */
export async function withSignal<T>(options: CallOptions = {}, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const unfollow = follow(options, controller);
  try {
    return await work(controller.signal);
  } finally {
    unfollow();
    controller.abort();
  }
}
