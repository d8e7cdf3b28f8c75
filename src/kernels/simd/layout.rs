//! The shapes that kernels and instruction sets agree on, and the order of packed weights.

/// f32 values in one [`F32x4`](super::F32x4).
pub const LANES: usize = 4;
/// Output channels in one block of packed weights.
pub const CHANNELS: usize = 8;
/// Inputs whose weights lie together in a block. A block is a sequence of groups of `CHANNELS` × `INPUTS` bytes: for
/// each channel in turn, its weights for these inputs.
pub const INPUTS: usize = 4;

/// Writes a block of packed weights: for each group of [`INPUTS`] inputs, the values of each of the [`CHANNELS`] rows in turn,
/// plus `offset`. Sums wrap around. The rows' length is a multiple of [`INPUTS`].
///
/// `interleave` does most of it, four groups of four channels at a time: it takes 16 values of each channel, and returns 16
/// bytes of each group, with `offset` added.
#[inline(always)]
pub(super) fn interleave_channels(
    rows: &[i8],
    offset: i8,
    block: &mut [i8],
    interleave: impl Fn([&[i8; 16]; 4]) -> [[i8; 16]; 4],
) {
    let stride = rows.len() / CHANNELS;
    assert!(rows.len() == block.len() && rows.len() == stride * CHANNELS && stride.is_multiple_of(INPUTS));
    let (groups, _) = block.as_chunks_mut::<{ CHANNELS * INPUTS }>();
    let (fours, rest) = groups.as_chunks_mut::<4>();
    for (four, start) in fours.iter_mut().zip((0..).step_by(4 * INPUTS)) {
        for half in 0..CHANNELS / LANES {
            let values = |channel| rows[(half * LANES + channel) * stride + start..].first_chunk().unwrap_or(&[0; 16]);
            let bytes = interleave(std::array::from_fn(values));
            for (group, bytes) in four.iter_mut().zip(bytes) {
                group[half * 16..][..16].copy_from_slice(&bytes);
            }
        }
    }
    let first = stride - rest.len() * INPUTS;
    for (group, start) in rest.iter_mut().zip((first..).step_by(INPUTS)) {
        for (channel, to) in group.chunks_exact_mut(INPUTS).enumerate() {
            for (to, value) in to.iter_mut().zip(&rows[channel * stride + start..]) {
                *to = value.wrapping_add(offset);
            }
        }
    }
}
