/**
 * Like `Promise.all`, but of several rejections it takes that of the first promise, not the earliest one: of several errors, the same one
 * is reported every time. An error waits for the promises before it.
 */
export async function inOrder<T extends Promise<unknown>[]>(promises: [...T]) {
  const all = Promise.all(promises);
  all.catch(() => undefined); // it may reject while an earlier promise is still awaited
  for (const promise of promises) await promise;
  return all;
}
