//! The shapes that kernels and instruction sets agree on, and the order of packed weights.

/// f32 values in one [`F32x4`](super::F32x4).
pub(crate) const LANES: usize = 4;
/// Output channels in one block of packed weights.
pub(crate) const CHANNELS: usize = 8;
/// Inputs whose weights lie together in a block. A block is a sequence of groups of `CHANNELS` × `INPUTS` bytes: for
/// each channel in turn, its weights for these inputs.
pub(crate) const INPUTS: usize = 4;

/// Writes the groups from `first` on of a block of packed weights: for each group of [`INPUTS`] inputs, the values of each of
/// the [`CHANNELS`] rows in turn, plus `offset`. Sums wrap around.
pub(super) fn interleave_groups(rows: &[i8], first: usize, offset: i8, block: &mut [i8]) {
    let stride = rows.len() / CHANNELS;
    let (groups, _) = block.as_chunks_mut::<{ CHANNELS * INPUTS }>();
    for (group, to) in groups.iter_mut().enumerate().skip(first) {
        for (channel, to) in to.chunks_exact_mut(INPUTS).enumerate() {
            for (to, value) in to.iter_mut().zip(&rows[channel * stride + group * INPUTS..]) {
                *to = value.wrapping_add(offset);
            }
        }
    }
}
