import { inOrder } from "../shared/in-order.js";
import type { LoadParams, ModelInfo, ModelSource, OnProgress } from "../shared/protocol.js";
import { singleFlight } from "../shared/single-flight.js";
import type { Thread } from "./thread.js";

/** The compiled modules by URL. All threads of the page share them. */
const modules = new Map<string, WebAssembly.Module>();

/** Loads the WebAssembly module and the model into the threads of one classifier. */
export class ThreadLoader {
  #wasm: string | WebAssembly.Module;
  #source: ModelSource;
  readonly #params: LoadParams;
  #shared: Promise<unknown> = Promise.resolve();

  /** `wasm` is the module or its URL. */
  constructor(wasm: string | WebAssembly.Module, source: ModelSource, params: LoadParams = {}) {
    this.#wasm = wasm;
    this.#source = source;
    this.#params = params;
  }

  /** Settles when the files that the first thread has downloaded are available to other threads. */
  get shared(): Promise<unknown> {
    return this.#shared;
  }

  /**
   * Loads the module and the model into a thread. Files that another thread of this page has downloaded or is downloading are
   * not downloaded again.
   */
  async load(thread: Thread, onProgress: OnProgress, signal: AbortSignal): Promise<ModelInfo> {
    const compiled = this.#compile(thread, onProgress, signal);
    const fetched = this.#fetch(this.#source, thread, onProgress, signal, () => started);
    const started = inOrder([compiled, fetched]).then(([module]) =>
      thread.send({ type: "start", module, params: this.#params }, signal),
    );
    return started;
  }

  /** The compiled module: given, compiled earlier in this page, or compiled now by the thread. */
  async #compile(thread: Thread, onProgress: OnProgress, signal: AbortSignal): Promise<WebAssembly.Module> {
    const url = this.#wasm;
    if (typeof url !== "string") return url;
    const compiled = modules.get(url);
    if (compiled) return compiled;
    return singleFlight(url, signal, async () => {
      const module = await thread.send({ type: "compile", url }, signal, onProgress);
      modules.set(url, module);
      return module;
    });
  }

  /**
   * Resolves when the thread has the model's files. The first thread downloads those of a folder. It stores them for the other
   * threads after its start, when `started` resolves.
   */
  #fetch(
    source: ModelSource,
    thread: Thread,
    onProgress: OnProgress,
    signal: AbortSignal,
    started: () => Promise<unknown>,
  ): Promise<void> {
    const fetch = (source: ModelSource, keepToStore = false) =>
      thread.send({ type: "fetch", source, keepToStore }, signal, onProgress);
    if (source.from !== "folder") return fetch(source);
    return new Promise((resolve, reject) => {
      let isFirst = false;
      const sharedSource = singleFlight(JSON.stringify(source), signal, async () => {
        isFirst = true;
        await fetch(source, true);
        resolve();
        // Storing the files takes as long as loading them, so the thread is started first. If the start fails, for instance
        // because this classifier's `wasm` is missing, other classifiers still need the files.
        await started().catch(() => undefined);
        return thread.send({ type: "store" });
      });
      this.#shared = sharedSource.catch(() => undefined);
      sharedSource
        .then((shared) => {
          this.#source = shared;
          return isFirst ? undefined : fetch(shared);
        })
        .then(resolve, reject); // without effect for the first thread, whose promise is resolved already
    });
  }
}
