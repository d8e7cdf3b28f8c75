// To be imported before the package: sees the WebAssembly instances that it makes, and what they compute.

/** How many texts have been computed. */
export let computed = 0;
/** The memory of the latest instance. */
export let memory;

WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(module, imports) {
    super(module, imports);
    const { wasmclassifier_predict: predict } = super.exports;
    if (!predict) return; // the kernel in relaxed SIMD is an instance too
    memory = super.exports.memory;
    const counted = (classifier, texts, options) => {
      computed += texts.length;
      return predict(classifier, texts, options);
    };
    Object.defineProperty(this, "exports", { value: { ...super.exports, wasmclassifier_predict: counted } });
  }
};
