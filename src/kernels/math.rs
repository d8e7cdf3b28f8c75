//! Elementary functions on four f32 at a time, without tables or library calls: the same bits on every machine. `tests/kernels/math.rs`
//! checks the error bounds.

use std::f32::consts::{LN_2, LOG2_E};

use super::simd::{F32x4, LANES, zip_in_place};

/// `c[0] + c[1] x + c[2] x² + …`
#[inline(always)]
fn polynomial<const N: usize>(x: F32x4, coefficients: [f32; N]) -> F32x4 {
    let mut result = F32x4::splat(coefficients[N - 1]);
    for &c in coefficients[..N - 1].iter().rev() {
        result = result * x + F32x4::splat(c);
    }
    result
}

/// `e^x`. Relative error under 3e-7, plus 9e-8 for each unit of |x|. Exactly 0 below −87.7; constant, 2^127, above 88.03; NaN for NaN.
///
/// `2^k · 2^r` with an integer k and r in [−½, ½], where 2^r is a polynomial fitted for the least maximal error (minimax).
#[inline(always)]
pub fn exp(x: F32x4) -> F32x4 {
    let exponent = x * F32x4::splat(LOG2_E);
    // `scale_by_power_of_two` takes exponents from −127, which gives 0, to 127.
    let exponent = exponent.max(F32x4::splat(-127.0)).min(F32x4::splat(127.0));
    let integer = exponent.nearest();
    let fraction =
        polynomial(exponent - integer, [1.0, LN_2, 0.240_222_42, 0.055_507_336, 0.009_671_513, 0.001_326_472_8]);
    fraction.scale_by_power_of_two(integer)
}

/// Replaces each value by its [`exp`].
#[inline(never)]
pub fn exp_in_place(x: &mut [f32]) {
    let (fours, rest) = x.as_chunks_mut::<LANES>();
    for four in fours {
        exp(F32x4::load(four)).store(four);
    }
    exp(F32x4::load_part(rest, 0.0)).store_part(rest);
}

/// `to += factor · from`, for slices of the same length.
#[inline(never)]
pub fn add_multiple(to: &mut [f32], factor: f32, from: &[f32]) {
    let factor = F32x4::splat(factor);
    zip_in_place(to, from, 0.0, |to, from| to + factor * from);
}

/// The hyperbolic tangent. Absolute error under 5e-7; constant beyond ±7.9; NaN for NaN.
///
/// The rational approximation of Eigen and XLA.
#[inline(always)]
pub fn tanh(x: F32x4) -> F32x4 {
    let x = x.max(F32x4::splat(-7.905_311)).min(F32x4::splat(7.905_311));
    let x2 = x * x;
    let p = polynomial(
        x2,
        [4.893_524_6e-3, 6.372_619_3e-4, 1.485_722_4e-5, 5.122_297e-8, -8.604_672e-11, 2.000_188e-13, -2.760_768_5e-16],
    );
    let q = polynomial(x2, [4.893_525e-3, 2.268_434_6e-3, 1.185_347e-4, 1.198_258_4e-6]);
    x * p / q
}

/// GELU (Hendrycks and Gimpel, 2016): `x · Φ(x)`, where Φ is the cumulative distribution function of the standard normal
/// distribution. Absolute error under 4e-6 or 2.5e-6 · |x|, whichever is larger; NaN for NaN.
///
/// Φ is approximated on [−4.6, 4.6] by ½ plus an odd rational function, fitted for the least maximal error of GELU.
#[inline(always)]
pub fn gelu(x: F32x4) -> F32x4 {
    let bounded = x.max(F32x4::splat(-4.6)).min(F32x4::splat(4.6));
    let squared = bounded * bounded;
    let p = polynomial(squared, [0.398_925_4, 0.027_672_576, 0.003_817_05, 3.275_645_5e-5]);
    let q = polynomial(squared, [1.0, 0.235_967_1, 0.023_914_103, 0.001_154_213_5]);
    x * (F32x4::splat(0.5) + bounded * p / q)
}

/// The tanh approximation of GELU (Hendrycks and Gimpel, 2016): `x · 0.5 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`. The error bound
/// is that of [`gelu`].
#[inline(always)]
pub fn gelu_tanh(x: F32x4) -> F32x4 {
    let half = F32x4::splat(0.5) * x;
    let inner = x * F32x4::splat(0.797_884_6) * (F32x4::splat(1.0) + F32x4::splat(0.044_715) * (x * x));
    half * tanh(inner) + half
}
