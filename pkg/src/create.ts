import { unlessAborted, within } from "./abort.js";
import { Classifier } from "./classifier.js";
import { Client } from "./client.js";
import { toLitmusError } from "./errors.js";
import { check, CLASSIFIER } from "./input.js";
import { installed } from "./installed.js";
import { platform } from "./load.js";
import { sourceOf } from "./places.js";
import { plainBuild } from "./plain-build.js";
// With it, page and worker have all of their code in common: one file, which compresses better than two.
import "./serve.js";
import { Setup } from "./setup.js";
import { startThread } from "./thread.js";
import type { ClassifierOptions } from "./types.js";

// Not before it is needed: in workerd `import.meta.url` is no URL.
const wasm = () => platform.module ?? installed(new URL("../wasm/litmus_text_bg.wasm", import.meta.url));

/** `createClassifier` with this kind of worker. */
export async function create(worker: () => Worker, options: ClassifierOptions = {}): Promise<Classifier> {
  check(options, CLASSIFIER);
  const { model, worker: workers = true, cache = true, signal, timeout, onProgress } = options;
  return within({ signal, timeout }, async (signal) => {
    const source = await unlessAborted(sourceOf(model, cache, onProgress, signal), signal);
    const start = () => startThread(workers === false ? undefined : worker, plainBuild, typeof workers === "number");
    const client = new Client(new Setup(wasm(), source), start, Number(workers) || 1);
    return new Classifier(client, await client.open(onProgress, signal));
  }).catch((error: unknown) => {
    throw toLitmusError(error);
  });
}
