import { singleFlight } from "../shared/single-flight.js";
import type { ModelInfo, ModelSource, OnProgress } from "../shared/protocol.js";
import type { Thread } from "./thread.js";

/** Compiled modules by URL, kept for the life of the page: its threads share them. */
const modules = new Map<string, WebAssembly.Module>();

/** What it takes to set up a thread: the WebAssembly module, and the model unless it is in there. */
export class ThreadLoader {
  readonly #wasm: string | WebAssembly.Module;
  #source: ModelSource;
  /** Settles when what the first thread has downloaded can be had by the next. */
  #shared: Promise<unknown> = Promise.resolve();

  /** `wasm` is the module, or its URL. */
  constructor(wasm: string | WebAssembly.Module, source: ModelSource) {
    this.#wasm = wasm;
    this.#source = source;
  }

  /** Loads both into a thread. What is downloaded already for somebody else on this page is not downloaded again. */
  async load(thread: Thread, onProgress: OnProgress, signal: AbortSignal): Promise<ModelInfo> {
    const compiled = this.#compile(thread, onProgress, signal);
    const fetched = this.#fetch(thread, onProgress, signal, () => started);
    const started = Promise.all([compiled, fetched]).then(([module]) => thread.ask({ type: "start", module }, signal));
    return started;
  }

  /** Settles when no thread is needed any more for the sake of others. */
  get shared(): Promise<unknown> {
    return this.#shared;
  }

  async #compile(thread: Thread, onProgress: OnProgress, signal: AbortSignal): Promise<WebAssembly.Module> {
    const url = this.#wasm;
    if (typeof url !== "string") return url;
    const ready = modules.get(url);
    if (ready) return ready;
    return singleFlight(url, signal, async () => {
      const module = await thread.ask({ type: "compile", url }, signal, onProgress);
      modules.set(url, module);
      return module;
    });
  }

  #fetch(
    thread: Thread,
    onProgress: OnProgress,
    signal: AbortSignal,
    started: () => Promise<unknown>,
  ): Promise<void> {
    const get = (source: ModelSource, share = false) =>
      thread.ask({ type: "fetch", source, share }, signal, onProgress);
    const first = this.#source;
    if (first.from !== "folder") return get(first);
    return new Promise((fetched, failed) => {
      let own = false;
      const again = singleFlight(JSON.stringify(first), signal, async () => {
        own = true;
        await get(first, true);
        fetched();
        await started(); // first things first: storing takes as long as starting
        return thread.ask({ type: "source" });
      });
      this.#shared = again.catch(() => undefined);
      again
        .then((source) => {
          this.#source = source;
          return own ? undefined : get(source);
        })
        .then(fetched, failed);
    });
  }
}
