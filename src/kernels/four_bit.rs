//! 4-bit weights with a scale per block, as onnxruntime's `MatMulNBits` and `GatherBlockQuantized` store them, requantised
//! to int8 with a scale per row.
//!
//! A block has 32 weights, two in a byte, the earlier one in the lower nibble: `weight = (nibble − 8) · block scale`. A
//! block has at most 16 distinct weights, so these are rounded once and then looked up. Nothing is rounded where the block
//! scales of a row are small integer multiples of one unit, as in the models that `models/train` exports.

use super::simd::{largest_nibble, lookup_nibbles};

/// Weights in a block.
pub(crate) const BLOCK: usize = 32;
const BYTES: usize = BLOCK / 2;
/// The nibble that stands for the weight 0.
const ZERO: i8 = 8;
/// The largest integer multiple of a unit that a block scale may be: the largest weight is then 8 · 15 units, which fits in an i8.
const MAX_MULTIPLE: i32 = 15;
/// The 16 weights of a block whose scale is −15 to 15 units, in units.
const TABLES: [[i8; 16]; 2 * MAX_MULTIPLE as usize + 1] = tables();

const fn tables() -> [[i8; 16]; 2 * MAX_MULTIPLE as usize + 1] {
    let mut tables = [[0; 16]; 2 * MAX_MULTIPLE as usize + 1];
    let mut at = 0;
    while at < tables.len() * 16 {
        let (multiple, nibble) = (at as i32 / 16 - MAX_MULTIPLE, at as i32 % 16);
        tables[at / 16][at % 16] = (multiple * (nibble - ZERO as i32)) as i8;
        at += 1;
    }
    tables
}

/// Rows of blocks to integers within ±`limit`, and the scale of each row: the common unit of its block scales if there is
/// one that `limit` allows, else its largest magnitude divided by `limit`. `packed` is rows × `blocks` × 16 bytes,
/// `scales` is rows × `blocks`, all finite.
pub(crate) fn requantize(packed: &[u8], scales: &[f32], blocks: usize, limit: f32) -> (Vec<i8>, Vec<f32>) {
    let (packed, rest) = packed.as_chunks::<BYTES>();
    assert!(rest.is_empty() && packed.len() == scales.len());
    let mut values = vec![0; packed.len() * BLOCK];
    let (to, _) = values.as_chunks_mut::<BLOCK>();
    let row_scales = packed.chunks(blocks.max(1)).zip(scales.chunks(blocks.max(1))).zip(to.chunks_mut(blocks.max(1)));
    let row_scales = row_scales.map(|((packed, scales), to)| requantize_row(packed, scales, limit, to)).collect();
    (values, row_scales)
}

/// Not inlined: a browser's optimising compiler replaces a function at its next call, not a loop that is running.
#[inline(never)]
fn requantize_row(packed: &[[u8; BYTES]], scales: &[f32], limit: f32, to: &mut [[i8; BLOCK]]) -> f32 {
    if let Some(unit) = unit(scales, limit).filter(|unit| *unit >= f32::MIN_POSITIVE) {
        for ((block, scale), to) in packed.iter().zip(scales).zip(to) {
            *to = lookup_nibbles(&TABLES[((scale / unit) as i32 + MAX_MULTIPLE) as usize], block);
        }
        return unit;
    }
    let magnitudes =
        packed.iter().zip(scales).map(|(block, scale)| f32::from(largest_nibble(block, ZERO)) * scale.abs());
    let largest = magnitudes.fold(0.0, f32::max);
    let row_scale = largest / limit;
    if largest.min(row_scale) < f32::MIN_POSITIVE {
        return 0.0;
    }
    for ((block, scale), to) in packed.iter().zip(scales).zip(to) {
        let value = |nibble: usize| (nibble as f32 - f32::from(ZERO)) * scale / row_scale;
        let table = std::array::from_fn(|nibble| value(nibble).clamp(-limit, limit).round_ties_even() as i8);
        *to = lookup_nibbles(&table, block);
    }
    row_scale
}

/// The largest unit that all block scales are integer multiples of, if no weight is more than `limit` units.
fn unit(scales: &[f32], limit: f32) -> Option<f32> {
    let largest = scales.iter().fold(0.0, |largest: f32, scale| largest.max(scale.abs()));
    let multiples = 1..=limit as u8 / ZERO.unsigned_abs();
    let mut units = multiples.map(|multiple| largest / f32::from(multiple));
    units.find(|unit| scales.iter().all(|scale| (scale / unit).fract() == 0.0))
}
