import { LitmusError } from "./errors.js";

/** For calls that nobody can abort. Made when it is asked for: workerd refuses to, while a program is being loaded. */
export const never = (): AbortSignal => new AbortController().signal;

export function aborted(signal: AbortSignal): LitmusError {
  return new LitmusError("aborted", "the call was aborted", { cause: signal.reason });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

/** What `promise` settles to, unless `signal` is aborted first: then that, at once. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(aborted(signal));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Has `controller` abort when `signal` does. Returns what ends that. */
export function follow(signal: AbortSignal | undefined, controller: AbortController): () => void {
  if (!signal) return () => {};
  const stop = () => controller.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  return () => signal.removeEventListener("abort", stop);
}
