import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";

/** Bytes that the process holds once all garbage is gone. */
export async function held() {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  for (let i = 0; i < 5; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20)); // WebAssembly memory is given back a little later
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
