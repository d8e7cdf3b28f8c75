/** A promise with the functions that settle it. */
export function deferred() {
  let resolve, reject;
  const promise = new Promise((...functions) => ([resolve, reject] = functions));
  return { promise, resolve, reject };
}

/** Resolves when everything has run that needs no timer. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/**
 * A fake of a worker as the page sees it. Messages are cloned as a browser clones them. `answer(request, { signal, progress })`
 * takes the place of the engine: it calls `progress` with progress values, and returns the reply or throws the failure.
 */
export class FakeWorker {
  onmessage = null;
  onerror = null;
  onmessageerror = null;
  terminated = false;
  /** The messages from the page, oldest first. */
  received = [];
  #answer;
  #running = new Map();

  constructor(answer, { ready = true } = {}) {
    this.#answer = answer;
    if (ready) queueMicrotask(() => this.emit({ type: "ready" }));
  }

  get requests() {
    return this.received.filter(({ type }) => type === "request").map(({ request }) => request);
  }

  postMessage(message) {
    const clone = structuredClone(message);
    this.received.push(clone);
    // A worker handles messages in their order, and none before postMessage returns.
    queueMicrotask(() => (clone.type === "abort" ? this.#running.get(clone.id)?.abort() : void this.#handle(clone)));
  }

  terminate() {
    this.terminated = true;
  }

  /** Sends a message to the page, unless the worker was terminated. */
  emit(message) {
    if (!this.terminated) this.onmessage?.({ data: structuredClone(message) });
  }

  async #handle({ id, request, report }) {
    const controller = new AbortController();
    this.#running.set(id, controller);
    const { signal } = controller;
    try {
      const progress = (value) => report && this.emit({ type: "progress", id, progress: value });
      const value = await this.#answer(request, { signal, progress });
      this.emit({ type: "done", id, value, memoryBytes: 65536 });
    } catch (error) {
      const { code = "internal", message, index, crashed = false } = error;
      this.emit({ type: "failed", id, failure: { code, message, index }, crashed });
    }
  }
}

export const INFO = {
  name: "fake",
  version: "1",
  languages: null,
  labels: ["negative", "positive"],
  multiLabel: false,
  activation: "softmax",
  maxTokens: 128,
  precision: { option: "auto", floatLayers: [] },
  kernel: "simd128",
  files: [],
  tasks: [],
  heads: [],
  metrics: null,
};

const EMPTY_MODULE = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));

/** A prediction that says which text it is of. */
export const predictionOf = (text) => ({
  label: "positive",
  score: 1,
  scores: [],
  tokens: text.length,
  truncated: false,
  windows: [],
  attributions: null,
  warnings: [],
});

/** An engine that loads at once and gives each text an outcome: a blank text fails. `override` replaces some of its answers. */
export const engine =
  (override = {}) =>
  async (request, context) => {
    if (override[request.type]) return override[request.type](request, context);
    switch (request.type) {
      case "compile":
        return EMPTY_MODULE;
      case "fetch":
        return undefined;
      case "store":
        return { from: "folder", candidates: {}, cache: "always", stored: true };
      case "start":
        return INFO;
      case "predict":
        return request.texts.map((text, index) => {
          if (text.trim()) return { prediction: predictionOf(text) };
          const failure = { code: "empty-text", message: "the text is empty" };
          if (request.failFast) throw Object.assign(new Error(failure.message), { ...failure, index });
          return { failure };
        });
      default:
        return { ids: [], tokens: [], offsets: [], unknownFraction: 0 };
    }
  };
