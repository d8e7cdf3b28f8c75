//! Limits on what one call and one untrusted model file may use. Everything that exceeds them is rejected before it is
//! computed. CPU time is not limited here: the caller's timeout ends a worker.

/// Rows in one batch. Larger matrix products are no faster and take more memory.
pub(crate) const MAX_BATCH_ROWS: usize = 32;
/// Tokens in one batch, padding included: bounds the memory of activations.
pub(crate) const MAX_BATCH_TOKENS: usize = 4096;
/// Bytes that are tokenised at once while a long text is divided into windows: bounds the memory of the tokenizer.
pub(crate) const MAX_PIECE_BYTES: usize = 4096;
/// Bytes of a text that is too long for the model, up to which its tokens are counted exactly for the error.
pub(crate) const MAX_COUNTED_BYTES: usize = 1 << 16;
/// Labels of a zero-shot classification: the model reads each window once per label.
pub(crate) const MAX_ZERO_SHOT_LABELS: usize = 1000;
/// Permutations of an explanation with Shapley values.
pub(crate) const MAX_SAMPLES: usize = 1000;

/// Factor by which all normalisers of a tokenizer together may lengthen a text; common ones reach about 100.
pub(crate) const MAX_GROWTH: usize = 1024;
/// Tokens that a tokenizer's template adds to a text, or to a pair; common ones add up to 4.
pub(crate) const MAX_TEMPLATE_TOKENS: usize = 256;
/// Nodes of a graph. The largest exports of encoders have a few thousand.
pub(crate) const MAX_NODES: usize = 20_000;
/// Axes of a tensor.
pub(crate) const MAX_RANK: usize = 16;
/// Elements of a constant that an op of the file makes out of fewer elements.
pub(crate) const MAX_EXPANDED_ELEMENTS: usize = 1 << 22;
/// Bytes of one tensor while a batch is computed.
pub(crate) const MAX_TENSOR_BYTES: u64 = 1 << 30;

/// Labels that a head can be taught.
pub(crate) const MAX_TAUGHT_LABELS: usize = 1000;
/// Examples that a head can be taught with, those it was taught with before included.
pub(crate) const MAX_EXAMPLES: usize = 50_000;
