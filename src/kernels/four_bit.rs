//! 4-bit weights with a scale per block, as onnxruntime's `MatMulNBits` and `GatherBlockQuantized` store them. Embedding tables
//! keep them so. Linear layers keep the nibbles if the kernel in use multiplies them and the block scales of every output have a
//! common unit; otherwise they are requantised to int8 with a scale per row.
//!
//! A block has 32 weights, two in a byte, the earlier one in the lower nibble: `weight = (nibble − 8) · block scale`. A
//! block has at most 16 distinct weights, so requantisation rounds each of them once, and then looks them up. It rounds nothing if
//! the block scales of a row are small integer multiples of one unit, as in the models that `models/train` exports.

use super::simd::{F32x4, LANES, SCALED_INPUTS, ZERO_POINT, largest_nibble, lookup_nibbles};

/// Weights in a block.
pub const BLOCK: usize = SCALED_INPUTS;
/// Bytes of a block.
const BYTES: usize = BLOCK / 2;
/// The lookup table that returns nibbles unchanged.
const NIBBLES: [i8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// The largest integer multiple of a unit that a block scale may be: the largest weight is then 8 · 15 units, which fits in an i8.
const MAX_MULTIPLE: i32 = 15;
/// `TABLES[m + MAX_MULTIPLE][nibble]` is the weight, in units, of a nibble in a block whose scale is `m` units.
const TABLES: [[i8; 16]; 2 * MAX_MULTIPLE as usize + 1] = tables();

const fn tables() -> [[i8; 16]; 2 * MAX_MULTIPLE as usize + 1] {
    let mut tables = [[0; 16]; 2 * MAX_MULTIPLE as usize + 1];
    let mut at = 0;
    while at < tables.len() * 16 {
        let (multiple, nibble) = (at as i32 / 16 - MAX_MULTIPLE, at as i32 % 16);
        tables[at / 16][at % 16] = (multiple * (nibble - ZERO_POINT as i32)) as i8;
        at += 1;
    }
    tables
}

/// 4-bit weights as the file stores them.
#[derive(Debug, PartialEq)]
pub struct FourBit {
    /// 16 bytes per block.
    packed: Vec<u8>,
    /// One per block, all finite.
    scales: Vec<f32>,
}

impl FourBit {
    /// Takes blocks as the file stores them: `packed` has 16 bytes per block, and `scales` one finite scale.
    ///
    /// # Panics
    /// If there are not 16 bytes per scale.
    pub fn new(packed: Vec<u8>, scales: Vec<f32>) -> Self {
        assert_eq!(packed.len(), scales.len() * BYTES);
        Self { packed, scales }
    }

    /// The number of weights.
    pub fn count(&self) -> usize {
        self.scales.len() * BLOCK
    }

    /// The weight at an index, which must be below [`count`](Self::count).
    pub fn value(&self, index: usize) -> f32 {
        let nibble = self.packed[index / 2] >> (4 * (index % 2)) & 15;
        f32::from(nibble.cast_signed() - ZERO_POINT) * self.scales[index / BLOCK]
    }

    /// The blocks of `count` weights from `first` on, both multiples of [`BLOCK`], and their scales.
    fn blocks(&self, first: usize, count: usize) -> (&[[u8; BYTES]], &[f32]) {
        let (blocks, _) = self.packed.as_chunks();
        (&blocks[first / BLOCK..][..count / BLOCK], &self.scales[first / BLOCK..][..count / BLOCK])
    }

    /// Writes the weights from `first` on as f32. `first` and the length of `to` are multiples of [`BLOCK`].
    #[inline(never)]
    pub fn write_f32(&self, first: usize, to: &mut [f32]) {
        let (blocks, scales) = self.blocks(first, to.len());
        let (targets, _) = to.as_chunks_mut::<BLOCK>();
        for ((block, scale), to) in blocks.iter().zip(scales).zip(targets) {
            // In the table of 1 unit a nibble has the value nibble − 8.
            let integers = lookup_nibbles(&TABLES[(1 + MAX_MULTIPLE) as usize], block);
            let (integers, _) = integers.as_chunks::<LANES>();
            let (fours, _) = to.as_chunks_mut::<LANES>();
            for (four, to) in integers.iter().zip(fours) {
                (F32x4::load_i8(four) * F32x4::splat(*scale)).store(to);
            }
        }
    }

    /// Unpacks the row of weights from `first` on: writes its nibbles and the integer scale (multiple) of each block, and returns the
    /// unit: a weight is `(nibble − 8) · multiple · unit`. Its integer factor is that of [`requantize_row`](Self::requantize_row).
    /// `None` if the block scales have no common unit in which all weights are within ±`limit`, or if it is not a normal f32. `first`
    /// and the length of `nibbles` are multiples of [`BLOCK`], `multiples` has one for each block, and `limit` is at most 127.
    ///
    /// Not inlined, so that browsers optimise it while a model is loaded: see the documentation of the crate.
    #[inline(never)]
    pub fn write_nibbles(&self, first: usize, limit: f32, nibbles: &mut [i8], multiples: &mut [i8]) -> Option<f32> {
        let (packed, scales) = self.blocks(first, nibbles.len());
        let unit = if scales.iter().all(|scale| *scale == 0.0) { 1.0 } else { common_unit(scales, limit)? };
        if unit < f32::MIN_POSITIVE {
            return None;
        }
        let (blocks, _) = nibbles.as_chunks_mut::<BLOCK>();
        for (block, to) in packed.iter().zip(blocks) {
            *to = lookup_nibbles(&NIBBLES, block);
        }
        for (scale, multiple) in scales.iter().zip(multiples) {
            *multiple = (scale / unit) as i8;
        }
        Some(unit)
    }

    /// Writes the row of weights from `first` on as integers within ±`limit`, and returns its scale: the common unit of its
    /// block scales if there is one that `limit` allows, else its largest magnitude divided by `limit`. If that is too small to be
    /// a normal f32, the integers and the scale are 0. `first` and the length of `to` are multiples of [`BLOCK`], and `limit` is at
    /// most 127.
    ///
    /// Not inlined, so that browsers optimise it while a model is loaded: see the documentation of the crate.
    #[inline(never)]
    pub fn requantize_row(&self, first: usize, limit: f32, to: &mut [i8]) -> f32 {
        let (packed, scales) = self.blocks(first, to.len());
        let (to, _) = to.as_chunks_mut::<BLOCK>();
        if let Some(unit) = common_unit(scales, limit).filter(|unit| *unit >= f32::MIN_POSITIVE) {
            for ((block, scale), to) in packed.iter().zip(scales).zip(to) {
                *to = lookup_nibbles(&TABLES[((scale / unit) as i32 + MAX_MULTIPLE) as usize], block);
            }
            return unit;
        }
        let magnitudes =
            packed.iter().zip(scales).map(|(block, scale)| f32::from(largest_nibble(block, ZERO_POINT)) * scale.abs());
        let largest = magnitudes.fold(0.0, f32::max);
        let row_scale = largest / limit;
        if largest.min(row_scale) < f32::MIN_POSITIVE {
            to.fill([0; BLOCK]);
            return 0.0;
        }
        for ((block, scale), to) in packed.iter().zip(scales).zip(to) {
            let value = |nibble: usize| (nibble as f32 - f32::from(ZERO_POINT)) * scale / row_scale;
            let table = std::array::from_fn(|nibble| value(nibble).clamp(-limit, limit).round_ties_even() as i8);
            *to = lookup_nibbles(&table, block);
        }
        row_scale
    }
}

/// The largest unit of which all block scales are integer multiples, if no weight is more than `limit` units. `None` if there is no
/// such unit, or if all scales are 0. A weight is at most 8 times its block scale.
fn common_unit(scales: &[f32], limit: f32) -> Option<f32> {
    let largest = scales.iter().fold(0.0, |largest: f32, scale| largest.max(scale.abs()));
    let multiples = 1..=limit as u8 / ZERO_POINT.unsigned_abs();
    let mut units = multiples.map(|multiple| largest / f32::from(multiple));
    units.find(|unit| scales.iter().all(|scale| (scale / unit).fract() == 0.0))
}
