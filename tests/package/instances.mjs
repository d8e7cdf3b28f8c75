// To be imported before the package: sees the WebAssembly instances that it makes, and what they compute.

/** How many texts, windows and variants have been computed. */
export let computed = 0;
/** The memory of the latest instance. */
export let memory;

WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(module, imports) {
    super(module, imports);
    const { wasmwork_step: step, wasmwork_done: done } = super.exports;
    if (!step) return; // the kernel in relaxed SIMD is an instance too
    memory = super.exports.memory;
    const counted = (work) => {
      const before = done(work);
      const result = step(work);
      computed += done(work) - before;
      return result;
    };
    Object.defineProperty(this, "exports", { value: { ...super.exports, wasmwork_step: counted } });
  }
};
