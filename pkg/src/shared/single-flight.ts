import { unlessAborted } from "./abort.js";
import { toLitmusError } from "./errors.js";

/** The executions in progress, by key. */
const flights = new Map<string, Promise<unknown>>();

/**
 * Runs `work` once for all concurrent callers with the same `key`: the first caller runs it, the others wait for its result. If
 * it fails because the first caller was aborted or closed, or because that caller's worker crashed, one of the others runs its own
 * `work`. With any other failure all of them reject.
 */
export async function singleFlight<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const flight = flights.get(key) as Promise<T> | undefined;
    if (!flight) {
      const own = work().finally(() => flights.delete(key));
      flights.set(key, own);
      return own;
    }
    try {
      return await unlessAborted(flight, signal);
    } catch (error) {
      const concernsFirstOnly = ["aborted", "timeout", "closed", "internal"].includes(toLitmusError(error).code);
      if (!concernsFirstOnly || signal.aborted) throw error;
    }
  }
}
