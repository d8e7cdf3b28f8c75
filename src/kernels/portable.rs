//! The machine's part in plain Rust, lane for lane what `simd128` does.

use super::attention::Tile;
use super::lanes::LANES;
use super::quant_linear::{CHANNELS, INPUTS};

#[derive(Clone, Copy)]
pub(crate) struct F32x4([f32; LANES]);

#[inline(always)]
fn map(a: F32x4, f: impl Fn(f32) -> f32) -> F32x4 {
    F32x4(a.0.map(f))
}

#[inline(always)]
fn zip(a: F32x4, b: F32x4, f: impl Fn(f32, f32) -> f32) -> F32x4 {
    F32x4(std::array::from_fn(|i| f(a.0[i], b.0[i])))
}

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    pub(crate) fn load(from: &[f32; LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    pub(crate) fn load_i8(from: &[i8; LANES]) -> Self {
        Self(from.map(f32::from))
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32; LANES]) {
        *to = self.0;
    }

    /// Rounded to nearest, ties to even, and saturated.
    #[inline(always)]
    pub(crate) fn store_i16(low: Self, high: Self, to: &mut [i16; 2 * LANES]) {
        for (to, value) in to.iter_mut().zip(low.0.into_iter().chain(high.0)) {
            *to = value.round_ties_even() as i16;
        }
    }

    /// The same in i8.
    #[inline(always)]
    pub(crate) fn store_i8(low: Self, high: Self, to: &mut [i8; 2 * LANES]) {
        for (to, value) in to.iter_mut().zip(low.0.into_iter().chain(high.0)) {
            *to = value.round_ties_even() as i8;
        }
    }

    /// Whole numbers, less `offset`.
    #[inline(always)]
    pub(crate) fn less(from: &[i32; 2 * LANES], offset: i32) -> [Self; 2] {
        [0, LANES].map(|first| Self(std::array::from_fn(|i| (from[first + i] - offset) as f32)))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        zip(self, other, |a, b| a + b)
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        zip(self, other, |a, b| a - b)
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        zip(self, other, |a, b| a * b)
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        zip(self, other, |a, b| a / b)
    }

    /// `self` where either is NaN.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        zip(self, other, |a, b| if b < a { b } else { a })
    }

    /// `self` where either is NaN.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        zip(self, other, |a, b| if a < b { b } else { a })
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        map(self, f32::abs)
    }

    /// To the nearest whole number, ties to even.
    #[inline(always)]
    pub(crate) fn nearest(self) -> Self {
        map(self, f32::round_ties_even)
    }

    /// Times two to the power of `exponent`, whole numbers from -126 to 127.
    #[inline(always)]
    pub(crate) fn times_power_of_two(self, exponent: Self) -> Self {
        zip(self, exponent, |a, n| a * f32::from_bits(((n as i32 + 127) << 23) as u32))
    }
}

/// Whether rows are to be i8, for [`sums_i8`].
pub(crate) fn wants_i8() -> bool {
    false
}

#[cfg(target_arch = "x86_64")]
pub(crate) use super::sse2::sums_i16;

/// For each row, `stride` numbers, the sums of its products with the channels of a block of packed weights.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn sums_i16(rows: &[i16], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    products(rows, stride, block, sums);
}

/// The same of rows of i8; for tests, as [`wants_i8`] says.
pub(crate) fn sums_i8(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    products(rows, stride, block, sums);
}

fn products<T: Copy + Into<i32>>(rows: &[T], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    assert!(stride.is_multiple_of(INPUTS) && rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    let (groups, _) = block.as_chunks::<{ CHANNELS * INPUTS }>();
    for (row, sums) in rows.chunks(stride.max(1)).zip(sums) {
        *sums = [0; CHANNELS];
        let (inputs, _) = row.as_chunks::<INPUTS>();
        for (inputs, weights) in inputs.iter().zip(groups) {
            let inputs = inputs.map(Into::into);
            let (weights, _) = weights.as_chunks::<INPUTS>();
            for (sum, weights) in sums.iter_mut().zip(weights) {
                for (x, &weight) in inputs.iter().zip(weights) {
                    *sum += x * i32::from(weight);
                }
            }
        }
    }
}

/// The largest magnitude of the halves of bytes less `zero`.
pub(crate) fn extent(bytes: &[u8; 16], zero: i8) -> u8 {
    let magnitude = |half: u8| (half as i8 - zero).unsigned_abs();
    bytes.iter().fold(0, |largest, byte| largest.max(magnitude(byte & 15)).max(magnitude(byte >> 4)))
}

/// The entry of each half of a byte, the lower one first.
pub(crate) fn look_up(table: &[i8; 16], bytes: &[u8; 16]) -> [i8; 32] {
    std::array::from_fn(|i| table[usize::from(bytes[i / 2] >> (i % 2 * 4) & 15)])
}

/// Sums of products of pairs: rows of i16 by a block of i16.
#[inline(always)]
pub(crate) fn tile_i16<const ROWS: usize>(rows: [&[i16]; ROWS], block: &[i16]) -> Tile<ROWS> {
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
