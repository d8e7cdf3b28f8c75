//! The backend in WebAssembly's 128-bit SIMD, without its relaxed instructions.

use std::arch::wasm32::*;

use super::layout::{CHANNELS, INPUTS, LANES};

/// Four f32 lanes.
#[derive(Clone, Copy)]
pub struct F32x4(v128);

impl F32x4 {
    /// `value` in each lane.
    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self(f32x4_splat(value))
    }

    /// Loads the lanes.
    #[inline(always)]
    pub fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: the reference is to 16 readable bytes, and v128.load needs no alignment.
        Self(unsafe { v128_load(from.as_ptr().cast()) })
    }

    /// Loads four integers as f32.
    #[inline(always)]
    pub fn load_i8(from: &[i8; LANES]) -> Self {
        // SAFETY: the reference is to 4 readable bytes, and v128.load32_zero needs no alignment.
        let bytes = unsafe { v128_load32_zero(from.as_ptr().cast()) };
        Self(f32x4_convert_i32x4(i32x4_extend_low_i16x8(i16x8_extend_low_i8x16(bytes))))
    }

    /// Stores the lanes.
    #[inline(always)]
    pub fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: the reference is to 16 writable bytes, and v128.store needs no alignment.
        unsafe { v128_store(to.as_mut_ptr().cast(), self.0) }
    }

    /// Stores eight values as i16, rounded to nearest with ties to even, and saturated; NaN as 0.
    #[inline(always)]
    pub fn store_i16(low: Self, high: Self, to: &mut [i16; 2 * LANES]) {
        // SAFETY: the reference is to 16 writable bytes, and v128.store needs no alignment.
        unsafe { v128_store(to.as_mut_ptr().cast(), narrow(low, high)) }
    }

    /// Stores eight values as i8, rounded to nearest with ties to even, and saturated; NaN as 0.
    #[inline(always)]
    pub fn store_i8(low: Self, high: Self, to: &mut [i8; 2 * LANES]) {
        let wide = narrow(low, high);
        // SAFETY: the reference is to 8 writable bytes, and v128.store64_lane needs no alignment.
        unsafe { v128_store64_lane::<0>(i8x16_narrow_i16x8(wide, wide), to.as_mut_ptr().cast()) }
    }

    /// Eight integers minus `offset`, as f32. The differences must fit in an i32.
    #[inline(always)]
    pub fn from_i32_minus(from: &[i32; 2 * LANES], offset: i32) -> [Self; 2] {
        // SAFETY: the reference is to 32 readable bytes, and v128.load needs no alignment.
        let halves = unsafe { [v128_load(from.as_ptr().cast()), v128_load(from.as_ptr().add(LANES).cast())] };
        halves.map(|half| Self(f32x4_convert_i32x4(i32x4_sub(half, i32x4_splat(offset)))))
    }

    /// The sum of each lane.
    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    /// The difference of each lane.
    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }

    /// The product of each lane.
    #[inline(always)]
    pub(super) fn mul(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }

    /// The quotient of each lane.
    #[inline(always)]
    pub(super) fn div(self, other: Self) -> Self {
        Self(f32x4_div(self.0, other.0))
    }

    /// The smaller value of each lane; `self` where either is NaN.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        Self(f32x4_pmin(self.0, other.0))
    }

    /// The larger value of each lane; `self` where either is NaN.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self(f32x4_pmax(self.0, other.0))
    }

    /// The magnitude of each lane.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self(f32x4_abs(self.0))
    }

    /// Rounds to the nearest integer, ties to even.
    #[inline(always)]
    pub fn nearest(self) -> Self {
        Self(f32x4_nearest(self.0))
    }

    /// `self · 2^exponent`, for integer exponents from −126 to 127; −127 gives 0. `self` is finite, or NaN.
    #[inline(always)]
    pub fn scale_by_power_of_two(self, exponent: Self) -> Self {
        let biased = i32x4_add(i32x4_trunc_sat_f32x4(exponent.0), i32x4_splat(127));
        Self(f32x4_mul(self.0, i32x4_shl(biased, 23)))
    }
}

/// Eight values as i16, rounded to nearest with ties to even, and saturated.
#[inline(always)]
fn narrow(low: F32x4, high: F32x4) -> v128 {
    let integers = |four: F32x4| i32x4_trunc_sat_f32x4(f32x4_nearest(four.0));
    i16x8_narrow_i32x4(integers(low), integers(high))
}

/// [`DotProducts`](super::kernel::DotProducts) of i16.
pub(super) fn row_dot_products(rows: &[i16], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    assert!(stride.is_multiple_of(INPUTS) && rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    for (rows, sums) in rows.chunks(STRICT_TILE_ROWS * stride.max(1)).zip(sums.chunks_mut(STRICT_TILE_ROWS)) {
        match sums {
            [_] => tile_i8::<1>(rows, block, sums),
            [_, _] => tile_i8::<2>(rows, block, sums),
            [_, _, _] => tile_i8::<3>(rows, block, sums),
            _ => tile_i8::<STRICT_TILE_ROWS>(rows, block, sums),
        }
    }
}

/// Rows computed together: with this many, all sums stay in registers.
const STRICT_TILE_ROWS: usize = 4;

/// The dot products of `ROWS` rows, at most [`STRICT_TILE_ROWS`], four channels at a time. Two channels share a register: each has one
/// partial sum over the first two of every four inputs, and one over the other two.
#[inline(always)]
fn tile_i8<const ROWS: usize>(rows: &[i16], block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    let stride = rows.len() / ROWS;
    assert!(stride.is_multiple_of(INPUTS) && sums.len() == ROWS && block.len() == stride * CHANNELS);
    for half in 0..2 {
        let mut pairs = [[i32x4_splat(0); 2]; ROWS];
        for at in (0..stride).step_by(INPUTS) {
            // SAFETY: `at` is a multiple of 4 below `stride`, which is a multiple of 4, too, as asserted. So a row has 4 values, 8 bytes,
            // from `at` on. The block has 8 bytes for each value of a row, so it has a group of 32 bytes there, of which this is half.
            unsafe {
                let weights = v128_load(block.as_ptr().add(at * CHANNELS + half * 16).cast());
                let (low, high) = (i16x8_extend_low_i8x16(weights), i16x8_extend_high_i8x16(weights));
                for (row, pairs) in pairs.iter_mut().enumerate() {
                    let x = v128_load64_splat(rows.as_ptr().add(row * stride + at).cast());
                    pairs[0] = i32x4_add(pairs[0], i32x4_dot_i16x8(x, low));
                    pairs[1] = i32x4_add(pairs[1], i32x4_dot_i16x8(x, high));
                }
            }
        }
        for ([low, high], sums) in pairs.into_iter().zip(sums.iter_mut()) {
            let sum = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(low, high), i32x4_shuffle::<1, 3, 5, 7>(low, high));
            // SAFETY: half of a row's eight sums are four i32, 16 bytes.
            unsafe { v128_store(sums.as_mut_ptr().add(half * LANES).cast(), sum) }
        }
    }
}

/// Interleaves 16 values of each of four rows: the first [`INPUTS`] values of each row in turn, then the next ones, plus `offset`,
/// wrapping around.
#[inline(always)]
pub fn interleave_16(rows: [&[i8; 16]; 4], offset: i8) -> [[i8; 16]; 4] {
    let mut groups = [[0; 16]; 4];
    // SAFETY: the loads and stores are of arrays of 16 bytes, and need no alignment.
    unsafe {
        let values = rows.map(|values| v128_load(values.as_ptr().cast()));
        let [a, b, c, d] = values.map(|values| i8x16_add(values, i8x16_splat(offset)));
        let [ab, cd] = [i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d)];
        let [later_ab, later_cd] = [i32x4_shuffle::<2, 6, 3, 7>(a, b), i32x4_shuffle::<2, 6, 3, 7>(c, d)];
        let bytes = [
            i64x2_shuffle::<0, 2>(ab, cd),
            i64x2_shuffle::<1, 3>(ab, cd),
            i64x2_shuffle::<0, 2>(later_ab, later_cd),
            i64x2_shuffle::<1, 3>(later_ab, later_cd),
        ];
        for (group, bytes) in groups.iter_mut().zip(bytes) {
            v128_store(group.as_mut_ptr().cast(), bytes);
        }
    }
    groups
}

/// The sum of the first two of every four values, and that of the other two: at most 2,048 in magnitude.
#[inline(always)]
pub fn pair_sums(values: &[i8; 32]) -> [i16; 2] {
    // SAFETY: the reference is to 32 readable bytes, and v128.load needs no alignment.
    let [a, b] = unsafe { [v128_load(values.as_ptr().cast()), v128_load(values.as_ptr().add(16).cast())] };
    let sums = i16x8_add(i16x8_extadd_pairwise_i8x16(a), i16x8_extadd_pairwise_i8x16(b));
    let sums = i16x8_add(sums, i32x4_shuffle::<2, 3, 0, 1>(sums, sums));
    let sums = i16x8_add(sums, i32x4_shuffle::<1, 0, 3, 2>(sums, sums));
    [i16x8_extract_lane::<0>(sums), i16x8_extract_lane::<1>(sums)]
}

/// The largest magnitude of the 32 nibbles, 0 to 15 each, minus `zero`, which is from 0 to 15.
#[inline(always)]
pub fn largest_nibble(bytes: &[u8; 16], zero: i8) -> u8 {
    let mut all = [0u8; 16];
    // SAFETY: the references are to 16 readable and writable bytes, and no alignment is needed.
    unsafe {
        let [low, high] = nibbles(v128_load(bytes.as_ptr().cast()));
        let magnitude = |nibbles| i8x16_abs(i8x16_sub(nibbles, i8x16_splat(zero)));
        v128_store(all.as_mut_ptr().cast(), u8x16_max(magnitude(low), magnitude(high)));
    }
    all.into_iter().fold(0, u8::max)
}

/// The entry of `table` for each of the 32 nibbles, the lower nibble of a byte first.
#[inline(always)]
pub fn lookup_nibbles(table: &[i8; 16], bytes: &[u8; 16]) -> [i8; 32] {
    let mut entries = [0i8; 32];
    // SAFETY: the references are to 16 readable and 32 writable bytes, and no alignment is needed.
    unsafe {
        let table = v128_load(table.as_ptr().cast());
        let [low, high] = nibbles(v128_load(bytes.as_ptr().cast())).map(|nibbles| i8x16_swizzle(table, nibbles));
        let first = i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(low, high);
        let second = i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(low, high);
        v128_store(entries.as_mut_ptr().cast(), first);
        v128_store(entries.as_mut_ptr().add(16).cast(), second);
    }
    entries
}

/// The lower and the higher nibble of each byte.
#[inline(always)]
fn nibbles(bytes: v128) -> [v128; 2] {
    [v128_and(bytes, u8x16_splat(15)), u8x16_shr(bytes, 4)]
}

/// The dot products of `ROWS` rows of i16 with the [`CHANNELS`] columns of a block, as f32: for each row, columns 0 to 3 and 4 to 7.
/// The block is divided into pairs of consecutive values: a pair has the two values of each column in turn. Every sum must fit in
/// an i32. Values of a row beyond the length of a column are not read.
///
/// # Panics
/// If a row is shorter than a column.
#[inline(always)]
pub fn tile_dot_products_i16<const ROWS: usize>(
    rows: [&[i16]; ROWS],
    block: &[i16],
) -> [[F32x4; CHANNELS / LANES]; ROWS] {
    let (pairs, _) = block.as_chunks::<{ 2 * CHANNELS }>();
    assert!(rows.iter().all(|row| row.len() >= 2 * pairs.len()));
    // For four rows, eight sums, which stay in registers. A pair of values of a row is broadcast, and multiplied with that pair of four
    // columns at once.
    let mut sums = [[i32x4_splat(0); 2]; ROWS];
    for (pair, weights) in pairs.iter().enumerate() {
        let weights = weights.as_ptr().cast::<v128>();
        // SAFETY: the reference is to 32 readable bytes, and v128.load needs no alignment.
        let weights = unsafe { [v128_load(weights), v128_load(weights.add(1))] };
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: every row has at least as many pairs, as asserted, and the load of 4 bytes needs no alignment.
            let x = unsafe { v128_load32_splat(row.as_ptr().add(2 * pair).cast()) };
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(x, weights));
            }
        }
    }
    sums.map(|sums| sums.map(|four| F32x4(f32x4_convert_i32x4(four))))
}
