import { sourceOf } from "../model/model-source.js";
import { explainPackagedName } from "../model/packaged-name.js";
import { wasmSourceOf } from "../model/wasm-source.js";
import { packageUrl } from "../platform/package-url.js";
import { resolveUrl } from "../platform/resolve-url.js";
import { checkSupport } from "../platform/support.js";
import { startThread } from "../pool/start-thread.js";
import { ThreadLoader } from "../pool/thread-loader.js";
import { WorkerPool } from "../pool/worker-pool.js";
import { unlessAborted, withSignal } from "../shared/abort.js";
import { toLitmusError } from "../shared/errors.js";
import { inOrder } from "../shared/in-order.js";
import type { ClassifierOptions } from "../shared/model-types.js";
import type { ChosenOf, PackagedTasks } from "../shared/task-types.js";
import { CLASSIFIER, checkOptions, invalidInput, isRecord } from "../shared/validate.js";
import { Classifier, type SentimentClassifier, type TaughtClassifier, taughtClassifier } from "./classifier.js";
import { startWebWorker } from "./start-web-worker.js";
import { openTask } from "./tasks.js";
import { openHead } from "./teach.js";

/** The URL of the package's WebAssembly file. Relative to the bundle in dist/; a function, because `import.meta.url` is no URL in workerd. */
const packagedWasm = () =>
  packageUrl("wasm/litmus_text_bg.wasm", new URL("../wasm/litmus_text_bg.wasm", import.meta.url));

/**
 * Loads the packaged sentiment model and the WebAssembly module that runs it.
 *
 * @example
 * const classifier = await createClassifier();
 * const { label, score } = await classifier.predict("I loved every minute of it");
 *
 * @throws LitmusError `invalid-input` (a wrong option), `model-not-found`, `download-failed`,
 * `checksum-mismatch`, `unsupported`, `out-of-memory`, `aborted`, `timeout`
 */
export function createClassifier(
  options?: ClassifierOptions & { model?: undefined; head?: undefined; task?: undefined },
): Promise<SentimentClassifier>;
/**
 * Loads the packaged model for one of its tasks.
 *
 * @example
 * const classifier = await createClassifier({ task: "emotion" });
 * const { labels } = await classifier.predict("Thank you, that made my day");
 *
 * @throws LitmusError as without a task
 */
export function createClassifier<Task extends keyof PackagedTasks>(
  options: ClassifierOptions & { model?: undefined; head?: undefined; task: Task },
): Promise<Classifier<PackagedTasks[Task], ChosenOf<PackagedTasks, Task>, never, PackagedTasks>>;
/**
 * Loads the file of a head that was taught, and the model that it was taught on.
 *
 * @example
 * const triage = await createClassifier({ head: await response.arrayBuffer() });
 *
 * @throws LitmusError as without `head`; `head-malformed`, `head-mismatch` (the head was taught on another model)
 */
export function createClassifier<Label extends string = string>(
  options: ClassifierOptions & { head: Uint8Array<ArrayBuffer> | ArrayBuffer },
): Promise<TaughtClassifier<Label>>;
/**
 * Loads a model and the WebAssembly module that runs it. `Label` is the type of the model's labels.
 *
 * @example
 * const classifier = await createClassifier({ model: "/models/intent/" });
 * const { label, score } = await classifier.predict("cancel my order");
 *
 * @throws LitmusError `invalid-input` (a wrong option), `model-not-found`, `download-failed`,
 * `checksum-mismatch`, `model-malformed`, `model-unsupported`, `unsupported`, `out-of-memory`, `aborted`, `timeout`
 */
export function createClassifier<Label extends string = string>(
  options?: ClassifierOptions,
): Promise<Classifier<Label>>;
export async function createClassifier(options: ClassifierOptions = {}): Promise<Classifier | TaughtClassifier> {
  if (!isRecord(options) || "tokenizer" in options) throw invalidInput("pass a model as { model }");
  return openClassifier(options).catch((error: unknown) => {
    throw explainPackagedName(toLitmusError(error), options);
  });
}

/** `createClassifier`, except that its errors do not say how a packaged model is imported: this is for the command. */
export async function openClassifier(options: ClassifierOptions): Promise<Classifier | TaughtClassifier> {
  checkOptions(options, CLASSIFIER);
  const { model, wasm, workerUrl, workers = "auto", cache = "always", precision, head, task, onProgress } = options;
  if (head && task !== undefined) throw invalidInput("task and head exclude each other: leave one out");
  return withSignal(options, async (signal) => {
    checkSupport();
    const scriptUrl = workerUrl === undefined ? undefined : resolveUrl("workerUrl", workerUrl);
    const sources = inOrder([
      wasmSourceOf(wasm, packagedWasm, onProgress, signal),
      sourceOf(model, cache === true ? "always" : cache, onProgress, signal),
    ]);
    const [module, source] = await unlessAborted(sources, signal);
    const start = (signal: AbortSignal) =>
      startThread(workers, (url) => startWebWorker(url, packagedWasm), scriptUrl, signal);
    // "auto" and 0 are one thread.
    const pool = new WorkerPool(new ThreadLoader(module, source, { precision }), start, Number(workers) || 1);
    const info = await pool.open(onProgress, signal);
    try {
      if (head) return taughtClassifier(await openHead(pool, info, new Uint8Array(head), signal));
      if (task !== undefined) return new Classifier(...(await openTask(pool, info, task, signal)));
      return new Classifier(pool, info);
    } catch (error) {
      pool.close();
      throw error;
    }
  });
}
