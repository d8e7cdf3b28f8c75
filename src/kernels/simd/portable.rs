//! The backend in plain Rust, which computes lane for lane what `wasm128` does.

use super::kernel::{Kernel, RowDotProducts};
use super::layout::{CHANNELS, INPUTS, LANES};

/// Four f32 lanes.
#[derive(Clone, Copy)]
pub struct F32x4([f32; LANES]);

#[inline(always)]
fn map(a: F32x4, f: impl Fn(f32) -> f32) -> F32x4 {
    F32x4(a.0.map(f))
}

#[inline(always)]
fn zip(a: F32x4, b: F32x4, f: impl Fn(f32, f32) -> f32) -> F32x4 {
    F32x4(std::array::from_fn(|i| f(a.0[i], b.0[i])))
}

/// `f32::round_ties_even`, which is a slow call of a function in programs that must run on an x86-64 without SSE4.1.
#[inline(always)]
fn nearest(value: f32) -> f32 {
    // Every f32 of at least this magnitude is an integer, so adding it to a smaller value rounds that value.
    const INTEGERS: f32 = (1 << 23) as f32;
    let shift = INTEGERS.copysign(value);
    // Restores the sign of a result that is zero.
    let rounded = ((value + shift) - shift).copysign(value);
    if value.abs() < INTEGERS { rounded } else { value }
}

/// 1.5 · 2^23. Adding it to a value within ±2^22 rounds the value to an integer, ties to even, and leaves the lowest bits of that
/// integer in the lowest bits of the f32. A cast by `as` is slower, because it handles all other values, too.
const TO_INTEGER: f32 = 12_582_912.0;

/// The integer nearest to `value`, limited to the range from `low` to `high`, in the lowest 16 bits; 0 for NaN.
#[inline(always)]
fn integer_bits(value: f32, [low, high]: [f32; 2]) -> u32 {
    let value = if value < low { low } else { value };
    let value = if value > high { high } else { value };
    let value = if value.is_nan() { 0.0 } else { value };
    (value + TO_INTEGER).to_bits()
}

impl F32x4 {
    /// `value` in each lane.
    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    /// Loads the lanes.
    #[inline(always)]
    pub fn load(from: &[f32; LANES]) -> Self {
        Self(*from)
    }

    /// Loads four integers as f32.
    #[inline(always)]
    pub fn load_i8(from: &[i8; LANES]) -> Self {
        Self(from.map(f32::from))
    }

    /// Stores the lanes.
    #[inline(always)]
    pub fn store(self, to: &mut [f32; LANES]) {
        *to = self.0;
    }

    /// Stores eight values as i16, rounded to nearest with ties to even, and saturated; NaN as 0.
    #[inline(always)]
    pub fn store_i16(low: Self, high: Self, to: &mut [i16; 2 * LANES]) {
        const LIMITS: [f32; 2] = [i16::MIN as f32, i16::MAX as f32];
        for i in 0..LANES {
            to[i] = integer_bits(low.0[i], LIMITS) as i16;
            to[LANES + i] = integer_bits(high.0[i], LIMITS) as i16;
        }
    }

    /// Stores eight values as i8, rounded to nearest with ties to even, and saturated; NaN as 0.
    #[inline(always)]
    pub fn store_i8(low: Self, high: Self, to: &mut [i8; 2 * LANES]) {
        const LIMITS: [f32; 2] = [i8::MIN as f32, i8::MAX as f32];
        for i in 0..LANES {
            to[i] = integer_bits(low.0[i], LIMITS) as i8;
            to[LANES + i] = integer_bits(high.0[i], LIMITS) as i8;
        }
    }

    /// Eight integers minus `offset`, as f32. The differences must fit in an i32.
    #[inline(always)]
    pub fn from_i32_minus(from: &[i32; 2 * LANES], offset: i32) -> [Self; 2] {
        [0, LANES].map(|first| Self(std::array::from_fn(|i| (from[first + i] - offset) as f32)))
    }

    /// The sum of each lane.
    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        zip(self, other, |a, b| a + b)
    }

    /// The difference of each lane.
    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        zip(self, other, |a, b| a - b)
    }

    /// The product of each lane.
    #[inline(always)]
    pub(super) fn mul(self, other: Self) -> Self {
        zip(self, other, |a, b| a * b)
    }

    /// The quotient of each lane.
    #[inline(always)]
    pub(super) fn div(self, other: Self) -> Self {
        zip(self, other, |a, b| a / b)
    }

    /// The smaller value of each lane; `self` where either is NaN.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        zip(self, other, |a, b| if b < a { b } else { a })
    }

    /// The larger value of each lane; `self` where either is NaN.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        zip(self, other, |a, b| if a < b { b } else { a })
    }

    /// The magnitude of each lane.
    #[inline(always)]
    pub fn abs(self) -> Self {
        map(self, f32::abs)
    }

    /// Rounds to the nearest integer, ties to even.
    #[inline(always)]
    pub fn nearest(self) -> Self {
        map(self, nearest)
    }

    /// `self · 2^exponent`, for integer exponents from −126 to 127; −127 gives 0. `self` is finite, or NaN.
    #[inline(always)]
    pub fn scale_by_power_of_two(self, exponent: Self) -> Self {
        // The sum has the biased exponent in its lowest bits. The shift moves them into the exponent's bits and drops all others.
        zip(self, exponent, |a, n| a * f32::from_bits((n + (TO_INTEGER + 127.0)).to_bits() << 23))
    }
}

pub(super) const KERNEL: Kernel = Kernel {
    name: "portable",
    is_available: || true,
    row_dot_products: RowDotProducts::I16(row_dot_products),
    four_bit_dot_products: None,
    #[cfg(target_arch = "x86_64")]
    avx2: false,
};

#[cfg(not(target_arch = "x86_64"))]
pub const KERNELS: &[Kernel] = &[KERNEL];

/// [`DotProducts`](super::kernel::DotProducts) of i16 in plain Rust.
fn row_dot_products(rows: &[i16], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    assert!(stride.is_multiple_of(INPUTS) && rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    let (groups, _) = block.as_chunks::<{ CHANNELS * INPUTS }>();
    for (row, sums) in rows.chunks(stride.max(1)).zip(sums) {
        *sums = [0; CHANNELS];
        let (inputs, _) = row.as_chunks::<INPUTS>();
        for (inputs, weights) in inputs.iter().zip(groups) {
            let inputs = inputs.map(i32::from);
            let (weights, _) = weights.as_chunks::<INPUTS>();
            for (sum, weights) in sums.iter_mut().zip(weights) {
                for (x, &weight) in inputs.iter().zip(weights) {
                    *sum += x * i32::from(weight);
                }
            }
        }
    }
}

/// Interleaves 16 values of each of four rows: the first [`INPUTS`] values of each row in turn, then the next ones, plus `offset`,
/// wrapping around.
#[cfg(not(target_arch = "x86_64"))]
pub fn interleave_16(rows: [&[i8; 16]; 4], offset: i8) -> [[i8; 16]; 4] {
    std::array::from_fn(|group| {
        std::array::from_fn(|i| rows[i / INPUTS][group * INPUTS + i % INPUTS].wrapping_add(offset))
    })
}

/// The sum of the first two of every four values, and that of the other two: at most 2,048 in magnitude.
pub fn pair_sums(values: &[i8; 32]) -> [i16; 2] {
    let (fours, _) = values.as_chunks::<4>();
    let sum = |four: &[i8; 4], pair: usize| i16::from(four[2 * pair]) + i16::from(four[2 * pair + 1]);
    [0, 1].map(|pair| fours.iter().map(|four| sum(four, pair)).sum())
}

/// The largest magnitude of the 32 nibbles, 0 to 15 each, minus `zero`, which is from 0 to 15.
pub fn largest_nibble(bytes: &[u8; 16], zero: i8) -> u8 {
    let magnitude = |nibble: u8| (nibble as i8 - zero).unsigned_abs();
    bytes.iter().fold(0, |largest, byte| largest.max(magnitude(byte & 15)).max(magnitude(byte >> 4)))
}

/// The entry of `table` for each of the 32 nibbles, the lower nibble of a byte first.
pub fn lookup_nibbles(table: &[i8; 16], bytes: &[u8; 16]) -> [i8; 32] {
    std::array::from_fn(|i| table[usize::from(bytes[i / 2] >> (i % 2 * 4) & 15)])
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
    let mut sums = [[0i32; CHANNELS]; ROWS];
    for (p, weights) in block.chunks_exact(2 * CHANNELS).enumerate() {
        for (row, sums) in rows.iter().zip(&mut sums) {
            let (x0, x1) = (i32::from(row[2 * p]), i32::from(row[2 * p + 1]));
            for (c, sum) in sums.iter_mut().enumerate() {
                *sum += x0 * i32::from(weights[2 * c]) + x1 * i32::from(weights[2 * c + 1]);
            }
        }
    }
    let four = |sums: &[i32]| F32x4(std::array::from_fn(|i| sums[i] as f32));
    sums.map(|sums| [four(&sums[..LANES]), four(&sums[LANES..])])
}
