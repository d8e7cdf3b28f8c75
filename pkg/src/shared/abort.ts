import { LitmusError } from "./errors.js";
import type { CallOptions } from "./types.js";

/** For calls that nobody can abort. Made when it is asked for: workerd refuses to, while a program is being loaded. */
export const neverAborts = (): AbortSignal => new AbortController().signal;

export function aborted({ reason }: AbortSignal): LitmusError {
  return isTimeout(reason) ? reason : new LitmusError("aborted", "the call was aborted", { cause: reason });
}

export const isTimeout = (reason: unknown): reason is LitmusError =>
  reason instanceof LitmusError && reason.code === "timeout";

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

/** Has `stop` called when `signal` is aborted, or now if it is already. Returns what ends that. */
export function whenAborted(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  return () => signal?.removeEventListener("abort", stop);
}

/** What `promise` settles to, unless `signal` is aborted first: then that, at once. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const settled = whenAborted(signal, () => reject(aborted(signal as AbortSignal)));
    promise.then(resolve, reject).finally(settled);
  });
}

/** Has `controller` abort when `signal` does, or after the timeout. Returns what ends that. */
export function follow({ signal, timeout }: CallOptions, controller: AbortController): () => void {
  const late = () => controller.abort(new LitmusError("timeout", `the call took longer than ${timeout} ms`));
  const timer = timeout && setTimeout(late, timeout);
  const unfollow = whenAborted(signal, () => controller.abort(signal?.reason));
  return () => {
    clearTimeout(timer);
    unfollow();
  };
}

/** What `work` resolves to, with a signal that these options abort; so does its end, for what has become superfluous. */
export async function within<T>(options: CallOptions = {}, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const unfollow = follow(options, stop);
  try {
    return await work(stop.signal);
  } finally {
    unfollow();
    stop.abort();
  }
}
