// Uses the package in a page whose `Worker` it replaces, and returns the results.

/** Waits up to 10 seconds for `expected` files in the cache. Resolves to their number. */
async function stored(expected) {
  const cache = await caches.open("litmus-text");
  for (let tries = 0; ; tries++) {
    const { length } = await cache.keys();
    if (length === expected || tries === 100) return length;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function tour({ createClassifier }) {
  const started = [];
  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      started.push(this);
    }
  };
  const classifier = await createClassifier({ workers: 2 });
  const texts = Array.from({ length: 60 }, (_, i) => (i % 2 ? "a gorgeous movie" : "a bleak, desperate movie"));
  const labels = (await classifier.predict(texts)).map(({ label }) => label);
  const controller = new AbortController();
  const aborted = classifier.predict(texts, { signal: controller.signal }).catch(({ code }) => code);
  controller.abort();
  const streamed = [];
  for await (const { prediction, error } of classifier.stream(["a gorgeous movie", " "])) {
    streamed.push(error ? error.code : prediction.label);
  }
  // An uncaught error in a worker reaches the page as this event.
  started[0].dispatchEvent(new ErrorEvent("error", { message: "killed by a test" }));
  const again = (await classifier.predict("a gorgeous movie")).label;
  classifier.close();
  const cached = await createClassifier();
  const { label } = await cached.predict("a gorgeous movie");
  const kept = await stored(4);
  return { labels, aborted: await aborted, streamed, again, label, kept, workers: started.length };
}
