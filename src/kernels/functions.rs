//! Elementary functions, four at a time, without any table or library call.

use super::lanes::F32x4;

/// Below it `exp` is 0: f32 has no normal number as small as its result.
const EXP_LOWEST: f32 = -87.0;
const EXP_HIGHEST: f32 = 88.0;

/// `c[0] + c[1] x + c[2] x² + …`
#[inline(always)]
fn polynomial<const N: usize>(x: F32x4, coefficients: [f32; N]) -> F32x4 {
    let mut result = F32x4::splat(coefficients[N - 1]);
    for &c in coefficients[..N - 1].iter().rev() {
        result = result * x + F32x4::splat(c);
    }
    result
}

/// e to the power of `x`, exactly 0 below −87; relative error under 2e-7.
///
/// Splits off a power of two and takes the rest from Cephes' polynomial for `expf` (S. Moshier, 1989).
#[inline(always)]
pub(crate) fn exp(x: F32x4) -> F32x4 {
    let bounded = x.max(F32x4::splat(EXP_LOWEST)).min(F32x4::splat(EXP_HIGHEST));
    let n = (bounded * F32x4::splat(std::f32::consts::LOG2_E)).nearest();
    // ln 2 in two parts, the first with so few bits that its product with n is exact.
    let r = bounded - n * F32x4::splat(0.693_359_4) - n * F32x4::splat(-2.121_944_4e-4);
    let p = polynomial(r, [0.5, 1.666_666_5e-1, 4.166_579_6e-2, 8.333_452e-3, 1.398_199_9e-3, 1.987_569_1e-4]);
    let e = p * (r * r) + r + F32x4::splat(1.0);
    e.times_power_of_two(n).or_zero_below(x, F32x4::splat(EXP_LOWEST))
}

/// The error function; absolute error under 5e-7.
///
/// The rational approximation on [−4, 4] that Eigen and XLA use.
#[inline(always)]
pub(crate) fn erf(x: F32x4) -> F32x4 {
    let x = x.max(F32x4::splat(-4.0)).min(F32x4::splat(4.0));
    let x2 = x * x;
    let p = polynomial(
        x2,
        [
            -1.609_603_3e-2,
            -2.954_6e-3,
            -7.349_906_3e-4,
            -5.692_506_4e-5,
            -2.101_024e-6,
            2.770_681_4e-8,
            -2.726_142_3e-10,
        ],
    );
    let q = polynomial(x2, [-1.426_473_9e-2, -7.373_329e-3, -1.682_827e-3, -2.133_740_6e-4, -1.456_607_2e-5]);
    x * p / q
}

/// The hyperbolic tangent; absolute error under 5e-7.
///
/// The rational approximation on [−7.9, 7.9] that Eigen and XLA use.
#[inline(always)]
pub(crate) fn tanh(x: F32x4) -> F32x4 {
    let x = x.max(F32x4::splat(-7.905_311)).min(F32x4::splat(7.905_311));
    let x2 = x * x;
    let p = polynomial(
        x2,
        [4.893_524_6e-3, 6.372_619_3e-4, 1.485_722_4e-5, 5.122_297e-8, -8.604_672e-11, 2.000_188e-13, -2.760_768_5e-16],
    );
    let q = polynomial(x2, [4.893_525e-3, 2.268_434_6e-3, 1.185_347e-4, 1.198_258_4e-6]);
    x * p / q
}

/// `x · Φ(x)`, Φ the normal distribution's.
#[inline(always)]
pub(crate) fn gelu(x: F32x4) -> F32x4 {
    let half = F32x4::splat(0.5) * x;
    half * erf(x * F32x4::splat(std::f32::consts::FRAC_1_SQRT_2)) + half
}

/// GELU by its tanh approximation (Hendrycks and Gimpel, 2016).
#[inline(always)]
pub(crate) fn gelu_tanh(x: F32x4) -> F32x4 {
    let half = F32x4::splat(0.5) * x;
    let inner = x * F32x4::splat(0.797_884_6) * (F32x4::splat(1.0) + F32x4::splat(0.044_715) * (x * x));
    half * tanh(inner) + half
}
