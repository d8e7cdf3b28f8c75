/** Calls `work` once and gives every caller its promise. After a failure, the next call tries again. */
export function memoize<T>(work: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () =>
    (pending ??= work().catch((error: unknown) => {
      pending = undefined;
      throw error;
    }));
}
