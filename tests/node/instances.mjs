// To be imported before the package: sees the WebAssembly instances that it makes, and what they compute.

/** How many texts, windows and variants have been computed. */
export let computed = 0;
/** The memory of the latest instance. */
export let memory;

const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (module, imports) => {
  const { exports } = await instantiate(module, imports);
  const { wasmwork_step: step, wasmwork_progress: progress } = exports;
  const done = (work) => JSON.parse(progress(work)).done;
  memory = exports.memory;
  const counted = (work) => {
    const before = done(work);
    const result = step(work);
    computed += done(work) - before;
    return result;
  };
  return { exports: { ...exports, wasmwork_step: counted } };
};
