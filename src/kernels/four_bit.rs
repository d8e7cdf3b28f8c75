//! Weights of 4 bits in blocks, as onnxruntime's `MatMulNBits` and `GatherBlockQuantized` keep them, to whole numbers
//! with one scale for a row.
//!
//! A block has 32 numbers, two to a byte, the earlier one in the lower half; `number = (half − 8) × scale of the block`.
//! In a row a block can hold 16 numbers only: each is rounded once, and the rest is looked up. Nothing is rounded where
//! the scales of a row are small multiples of one number, as in the models that `models/train` makes.

use super::machine::{extent, look_up};

/// Numbers in a block.
pub(crate) const BLOCK: usize = 32;
const BYTES: usize = BLOCK / 2;
const ZERO: i8 = 8;
/// Largest whole multiple of a unit that a block's scale can be: 8 times it is still an i8.
const MULTIPLES: i32 = 15;
/// What the 16 numbers are, times −15 to 15.
const TABLES: [[i8; 16]; 2 * MULTIPLES as usize + 1] = tables();

const fn tables() -> [[i8; 16]; 2 * MULTIPLES as usize + 1] {
    let mut tables = [[0; 16]; 2 * MULTIPLES as usize + 1];
    let mut at = 0;
    while at < tables.len() * 16 {
        let (multiple, half) = (at as i32 / 16 - MULTIPLES, at as i32 % 16);
        tables[at / 16][at % 16] = (multiple * (half - ZERO as i32)) as i8;
        at += 1;
    }
    tables
}

/// Rows of blocks to whole numbers up to ±`limit`, and the scale of each row: the unit of its scales if they have one
/// that `limit` allows, else its largest magnitude over `limit`.
/// `packed` is rows × `blocks` × 16 bytes, `scales` rows × `blocks`, all finite.
pub(crate) fn requantize(packed: &[u8], scales: &[f32], blocks: usize, limit: f32) -> (Vec<i8>, Vec<f32>) {
    let (packed, rest) = packed.as_chunks::<BYTES>();
    assert!(rest.is_empty() && packed.len() == scales.len());
    let mut values = vec![0; packed.len() * BLOCK];
    let (to, _) = values.as_chunks_mut::<BLOCK>();
    let row_scales = packed.chunks(blocks.max(1)).zip(scales.chunks(blocks.max(1))).zip(to.chunks_mut(blocks.max(1)));
    let row_scales = row_scales.map(|((packed, scales), to)| requantize_row(packed, scales, limit, to)).collect();
    (values, row_scales)
}

/// A function of its own: browsers make better code only of what they are to call again, not of a loop that is running.
#[inline(never)]
fn requantize_row(packed: &[[u8; BYTES]], scales: &[f32], limit: f32, to: &mut [[i8; BLOCK]]) -> f32 {
    if let Some(unit) = unit(scales, limit).filter(|unit| *unit >= f32::MIN_POSITIVE) {
        for ((block, scale), to) in packed.iter().zip(scales).zip(to) {
            *to = look_up(&TABLES[((scale / unit) as i32 + MULTIPLES) as usize], block);
        }
        return unit;
    }
    let magnitudes = packed.iter().zip(scales).map(|(block, scale)| f32::from(extent(block, ZERO)) * scale.abs());
    let largest = magnitudes.fold(0.0, f32::max);
    let row_scale = largest / limit;
    if largest.min(row_scale) < f32::MIN_POSITIVE {
        return 0.0;
    }
    for ((block, scale), to) in packed.iter().zip(scales).zip(to) {
        let value = |half: usize| (half as f32 - f32::from(ZERO)) * scale / row_scale;
        let table = std::array::from_fn(|half| value(half).clamp(-limit, limit).round_ties_even() as i8);
        *to = look_up(&table, block);
    }
    row_scale
}

/// The largest number that all scales are whole multiples of, if the largest number of a block stays within `limit` of it.
fn unit(scales: &[f32], limit: f32) -> Option<f32> {
    let largest = scales.iter().fold(0.0, |largest: f32, scale| largest.max(scale.abs()));
    let multiples = 1..=limit as u8 / ZERO.unsigned_abs();
    let mut units = multiples.map(|multiple| largest / f32::from(multiple));
    units.find(|unit| scales.iter().all(|scale| (scale / unit).fract() == 0.0))
}
