//! Quantises a row of f32 to integers with one scale.

use super::simd::{F32x4, LANES, for_each_four, load_eight};

/// A row whose largest magnitude is below this is quantised to zeros: the reciprocal of its scale might not be finite.
pub const SMALLEST: f32 = 1e-30;

/// The integer type of a quantised row.
pub trait QuantizedInt: Copy + Default {
    /// Stores eight values, rounded to nearest with ties to even.
    fn store(low: F32x4, high: F32x4, to: &mut [Self; 2 * LANES]);
}

impl QuantizedInt for i16 {
    #[inline(always)]
    fn store(low: F32x4, high: F32x4, to: &mut [Self; 2 * LANES]) {
        F32x4::store_i16(low, high, to);
    }
}

impl QuantizedInt for i8 {
    #[inline(always)]
    fn store(low: F32x4, high: F32x4, to: &mut [Self; 2 * LANES]) {
        F32x4::store_i8(low, high, to);
    }
}

/// Writes `x / scale`, rounded to integers within ±`limit`, to `to`, and zeros after them. Returns the scale and the sum of the
/// integers. `to` is as long as `x` or longer, up to the next multiple of eight.
///
/// If the largest magnitude of `x` is below [`SMALLEST`], or if a value of `x` is not finite, all integers are 0. The scale is then 0,
/// or NaN.
pub fn quantize_row<T: QuantizedInt>(x: &[f32], limit: f32, to: &mut [T]) -> (f32, f32) {
    let (mut largest, mut not_finite) = (F32x4::splat(0.0), F32x4::splat(0.0));
    for_each_four(x, 0.0, |four| {
        largest = largest.max(four.abs());
        // 0 for a finite value, NaN for any other.
        not_finite = not_finite + four * F32x4::splat(0.0);
    });
    let largest = largest.max_lane();
    let finite = not_finite.sum_lanes() == 0.0;
    if !finite || largest < SMALLEST {
        to.fill(T::default());
        return (if finite { 0.0 } else { f32::NAN }, 0.0);
    }
    let inverse = F32x4::splat(limit / largest);
    let mut sum = F32x4::splat(0.0);
    let mut quantize_eight = |eight: &[f32], to: &mut [T; 2 * LANES]| {
        let [low, high] = load_eight(eight).map(|four| (four * inverse).nearest());
        sum = sum + low + high;
        T::store(low, high, to);
    };
    let (eights, rest) = x.as_chunks::<{ 2 * LANES }>();
    let (targets, _) = to.as_chunks_mut::<{ 2 * LANES }>();
    for (eight, to) in eights.iter().zip(targets) {
        quantize_eight(eight, to);
    }
    let remaining = &mut to[x.len() - rest.len()..];
    if !remaining.is_empty() {
        let (mut eight, mut part) = ([0.0; 2 * LANES], [T::default(); 2 * LANES]);
        eight[..rest.len()].copy_from_slice(rest);
        quantize_eight(&eight, &mut part);
        remaining.copy_from_slice(&part[..remaining.len()]);
    }
    (largest / limit, sum.sum_lanes())
}
