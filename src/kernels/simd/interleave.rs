//! Interleaves rows, in the order in which the dot products read them.

use super::backend::interleave_16;
use super::layout::{CHANNELS, INPUTS};

/// Packs a block of weights: `block` gets the weights of `rows`, one row for each of the [`CHANNELS`] channels, plus `offset`,
/// wrapping around.
///
/// Not inlined, so that browsers optimise it while a model is loaded: see the documentation of the crate.
///
/// # Panics
/// If `rows` and `block` differ in length, or if the length of a row is not a multiple of [`INPUTS`].
#[inline(never)]
pub fn interleave_channels(rows: &[i8], offset: i8, block: &mut [i8]) {
    interleave_rows::<CHANNELS>(rows, offset, block);
}

/// Interleaves `ROWS` rows, a multiple of four: `block` gets for every [`INPUTS`] values of a row those of each row in turn, plus
/// `offset`, wrapping around.
///
/// # Panics
/// If `rows` and `block` differ in length, or if the length of a row is not a multiple of [`INPUTS`].
#[inline(always)]
pub fn interleave_rows<const ROWS: usize>(rows: &[i8], offset: i8, block: &mut [i8]) {
    const { assert!(ROWS.is_multiple_of(4)) };
    let stride = rows.len() / ROWS;
    assert!(rows.len() == block.len() && rows.len() == stride * ROWS && stride.is_multiple_of(INPUTS));
    let mut fours = block.chunks_exact_mut(4 * ROWS * INPUTS);
    for (four, start) in (&mut fours).zip((0..).step_by(4 * INPUTS)) {
        for part in 0..ROWS / 4 {
            // Four whole groups are left in the row, so there are always 16 values.
            let values = |row| rows[(part * 4 + row) * stride + start..].first_chunk().unwrap_or(&[0; 16]);
            let bytes = interleave_16(std::array::from_fn(values), offset);
            for (group, bytes) in four.chunks_exact_mut(ROWS * INPUTS).zip(bytes) {
                group[part * 16..][..16].copy_from_slice(&bytes);
            }
        }
    }
    let rest = fours.into_remainder();
    let first = stride - rest.len() / ROWS;
    for (group, start) in rest.chunks_exact_mut(ROWS * INPUTS).zip((first..).step_by(INPUTS)) {
        for (row, to) in group.chunks_exact_mut(INPUTS).enumerate() {
            for (to, value) in to.iter_mut().zip(&rows[row * stride + start..]) {
                *to = value.wrapping_add(offset);
            }
        }
    }
}
