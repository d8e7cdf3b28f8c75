import type { Pool } from "../pool/worker-pool.js";
import type { HeadBytesByTask, LoadedHead, ModelInfo, PredictParams } from "../shared/protocol.js";
import { invalidInput, wrongValue } from "../shared/validate.js";
import { readHeads } from "./head-files.js";
import { HeadPool } from "./head-pool.js";

/** Opens a pool for predictions with these parameters, which name one task or several. Reads their heads. */
export async function taskPool(
  pool: Pool,
  info: ModelInfo,
  { task, tasks }: PredictParams,
  signal: AbortSignal,
): Promise<Pool> {
  if (task !== undefined && tasks) throw invalidInput("task and tasks exclude each other: leave one out");
  const heads = await readTaskHeads(pool, info, tasks ?? [task as string], signal);
  return new HeadPool(pool, (request) => ({
    ...request,
    heads: { ...request.heads, ...heads },
    params: tasks ? separateTasks(request.params) : request.params,
  }));
}

/** Opens the pool and the `info` of a classifier whose predictions are for `task`, unless they name tasks, are zero-shot or have a taught head. */
export async function openTask(
  pool: Pool,
  info: ModelInfo,
  task: string,
  signal: AbortSignal,
): Promise<[Pool, ModelInfo]> {
  const heads = await readTaskHeads(pool, info, [task], signal);
  if (info.tasks.length === 0) {
    // Only WebAssembly knows why the model has no tasks: a prediction of no texts rejects with the reason.
    const params = { task, explain: undefined };
    await pool.send({ type: "predict", texts: [], params, failFast: true }, signal);
  }
  const ofTask = new HeadPool(pool, (request) => {
    const { params } = request;
    // The head "" is that of a classifier that this one has taught: its predictions have labels of their own.
    if (request.heads?.[""] || params.task !== undefined || params.tasks || params.zeroShot) return request;
    return { ...request, heads: { ...request.heads, ...heads }, params: { ...params, task } };
  });
  const { labels, multiLabel } = await labelsOf(pool, info, task, heads, signal);
  const activation = multiLabel ? "sigmoid" : "softmax";
  return [ofTask, { ...info, labels, multiLabel, activation }];
}

/** The labels of a task. Its head is among `heads`, or was loaded with the model. */
async function labelsOf(
  pool: Pool,
  info: ModelInfo,
  task: string,
  { [task]: file }: HeadBytesByTask,
  signal: AbortSignal,
): Promise<Pick<ModelInfo, "labels" | "multiLabel">> {
  if (file) return pool.send({ type: "describe", heads: { "": file } }, signal);
  return info.heads.find(({ name }) => name === task) as LoadedHead;
}

/** Checks the names of tasks and reads their heads. */
async function readTaskHeads(
  pool: Pool,
  info: ModelInfo,
  names: readonly string[],
  signal: AbortSignal,
): Promise<HeadBytesByTask> {
  const known = info.tasks.map((name) => `"${name}"`).join(", ");
  for (const name of names) {
    // A model without any tasks gives its own error: that its graph has no output for heads, for instance.
    if (known && !info.tasks.includes(name)) throw wrongValue("a task", `one that the model has (${known})`, name);
  }
  return readHeads(pool, info, names, signal);
}

/** Moves the values of `threshold` and `explain.label` that are given by task into `byTask`. */
function separateTasks(params: PredictParams): PredictParams {
  const { explain } = params;
  const [threshold, thresholds] = separate(params.threshold);
  const [label, labels] = separate(explain?.label);
  const named = new Set([...Object.keys(thresholds), ...Object.keys(labels)]);
  const options = [...named].map((task) => [task, { threshold: thresholds[task], explainLabel: labels[task] }]);
  return { ...params, threshold, explain: explain && { ...explain, label }, byTask: Object.fromEntries(options) };
}

type ByTask<T> = { readonly [task: string]: T | undefined };

/** An option that can be given once or by task, as the value for all tasks and the values by task. One of them is empty. */
const separate = <T extends string | number>(value: T | ByTask<T> | undefined): [T | undefined, ByTask<T>] =>
  typeof value === "object" ? [undefined, value as ByTask<T>] : [value, {}];
