import { unlessAborted } from "./abort.js";
import { toLitmusError } from "./errors.js";

const running = new Map<string, Promise<unknown>>();

/**
 * Runs `work` once for all callers with the same `key`: the first one runs it, the others wait for its result. If the
 * first one was aborted or closed, or its worker crashed, one of the others runs it; any other failure is everyone's.
 */
export async function singleFlight<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const others = running.get(key) as Promise<T> | undefined;
    if (!others) {
      const own = work().finally(() => running.delete(key));
      running.set(key, own);
      return own;
    }
    try {
      return await unlessAborted(others, signal);
    } catch (error) {
      const isTheirs = ["aborted", "timeout", "closed", "internal"].includes(toLitmusError(error).code);
      if (!isTheirs || signal.aborted) throw error;
    }
  }
}
