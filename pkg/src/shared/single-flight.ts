import { unlessAborted } from "./abort.js";
import { toLitmusError } from "./errors.js";

const running = new Map<string, Promise<unknown>>();

/**
 * Work that several callers want at once, told by its `key`: the first does it and the others wait for it. If the first
 * gives up or its worker crashes, the next of them does it. Any other failure is everyone's.
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
      const alone = ["aborted", "closed", "internal"].includes(toLitmusError(error).code);
      if (!alone || signal.aborted) throw error;
    }
  }
}
