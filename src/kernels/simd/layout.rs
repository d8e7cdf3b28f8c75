//! The sizes of vectors and blocks, and the order of packed weights.

/// f32 values in one [`F32x4`](super::F32x4).
pub const LANES: usize = 4;
/// Output channels in one block of packed weights.
pub const CHANNELS: usize = 8;
/// Inputs in one group of a block. A block is a sequence of groups of [`CHANNELS`] × `INPUTS` bytes, in which each channel in
/// turn has its weights for the inputs of the group.
pub const INPUTS: usize = 4;
/// Inputs for which a channel's 4-bit weights have one multiple: see [`FourBitBlock`](super::FourBitBlock).
pub const SCALED_INPUTS: usize = 32;
