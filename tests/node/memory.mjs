import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes of the JavaScript heap and of memory outside of it (WebAssembly included), after garbage collections. */
export async function residentBytes() {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  for (let i = 0; i < 5; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20)); // WebAssembly memory is freed a little later
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
