import { NEVER, unlessAborted } from "./abort.js";
import { Classifier } from "./classifier.js";
import { Client } from "./client.js";
import { toLitmusError } from "./errors.js";
import { checkClassifierOptions } from "./input.js";
import { platform } from "./load.js";
import { sourceOf } from "./places.js";
import { plainBuild } from "./plain-build.js";
import { Setup } from "./setup.js";
import { startThread } from "./thread.js";
import type { ClassifierOptions } from "./types.js";

const wasm = new URL("../wasm/litmus_text_bg.wasm", import.meta.url);

/** `createClassifier` with this kind of worker. */
export async function create(worker: () => Worker, options: ClassifierOptions = {}): Promise<Classifier> {
  checkClassifierOptions(options);
  const { model, worker: workers = true, cache = true, signal = NEVER, onProgress } = options;
  try {
    const source = await unlessAborted(sourceOf(model, cache, onProgress, signal), signal);
    // Elsewhere than in browsers, workers are for those who ask for a number of them.
    const kind = platform.worker ? typeof workers === "number" && platform.worker : workers && worker;
    const start = () => startThread(kind || undefined, plainBuild);
    const client = new Client(new Setup(wasm, source), start, Number(workers) || 1);
    return new Classifier(client, await client.open(onProgress, signal));
  } catch (error) {
    throw toLitmusError(error);
  }
}
