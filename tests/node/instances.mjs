// Watches the WebAssembly instances of the package and what they compute. Import it before any classifier is made.

/** How many texts, windows and variants for explanations have been computed. */
export let computed = 0;
/** How many instances there have been. */
export let instances = 0;
/** The memory of the latest instance. */
export let memory;

const { Instance } = WebAssembly;

/** The exports of an instance, whose `step` of a job also counts. */
function watched(exports) {
  const { job_step: step, job_done: done } = exports;
  if (!step) return exports; // the relaxed-SIMD kernel
  instances++;
  memory = exports.memory;
  const counted = (job) => {
    const before = done(job);
    const result = step(job);
    computed += done(job) - before;
    return result;
  };
  return { ...exports, job_step: counted };
}

// biome-ignore lint/complexity/useArrowFunction: it is called with `new`
WebAssembly.Instance = function (module, imports) {
  return { exports: watched(new Instance(module, imports).exports) };
};
