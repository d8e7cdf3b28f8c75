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

/// Packs a block of weights. `rows` has one row of weights for each of the [`CHANNELS`] channels; `block` gets them plus `offset`,
/// wrapping around, in the order that [`INPUTS`] describes.
///
/// `interleave` is the backend's code for four channels and four groups at once: it takes 16 weights of each channel, and returns
/// the 16 bytes of these channels in each group, with `offset` added.
///
/// # Panics
/// If `rows` and `block` differ in length, or if the length of a row is not a multiple of [`INPUTS`].
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
            // Four whole groups are left in the row, so there are always 16 values.
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
