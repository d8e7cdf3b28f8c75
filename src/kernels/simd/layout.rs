//! The shapes that kernels and instruction sets agree on.

/// f32 values in one [`F32x4`](super::F32x4).
pub(crate) const LANES: usize = 4;
/// Output channels in one block of packed weights.
pub(crate) const CHANNELS: usize = 8;
/// Inputs whose weights lie together in a block. A block is a sequence of groups of `CHANNELS` × `INPUTS` bytes: for
/// each channel in turn, its weights for these inputs.
pub(crate) const INPUTS: usize = 4;
