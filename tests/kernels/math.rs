//! exp, tanh and both GELUs on dense grids.

use super::kernels::math::{exp, gelu, gelu_tanh, tanh};
use super::kernels::reference;
use super::kernels::simd::{F32x4, LANES};
use super::{ROUNDING, assert_near, bits};

/// Relative error of `exp` on [−87, 88], and the additional error for each unit of |x| from rounding the exponent.
const EXP_ERROR: f64 = 3e-7;
const EXP_ERROR_PER_UNIT: f64 = 1.5 * ROUNDING;
/// `exp` is constant above this; its largest value is 2^127.
const EXP_HIGHEST: f64 = 127.0 * std::f64::consts::LN_2;
const TANH_ERROR: f64 = 5e-7;
/// Absolute error on [−4.6, 4.6].
const GELU_ERROR: f64 = 4e-6;
/// Relative error beyond. For a large negative `x`, GELU is `x` times the difference of Φ or `tanh` from its limit.
const GELU_SLOPE_ERROR: f64 = 2.5e-6;
/// Absolute error of subnormal results.
const TINY: f64 = f32::MIN_POSITIVE as f64;

/// The error bound of both GELUs at `x`.
pub(super) fn gelu_error(x: f64) -> f64 {
    GELU_ERROR.max(GELU_SLOPE_ERROR * x.abs())
}

/// Applies a function to each value, four at a time.
pub(super) fn map(f: impl Fn(F32x4) -> F32x4, x: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    for (x, y) in x.chunks(LANES).zip(y.chunks_mut(LANES)) {
        f(F32x4::load_part(x, 0.0)).store_part(y);
    }
    y
}

fn one(f: impl Fn(F32x4) -> F32x4, x: f32) -> f32 {
    map(f, &[x])[0]
}

/// 2^16 + 3 values from `low` to `high`.
pub(super) fn grid(low: f32, high: f32) -> Vec<f32> {
    let count = (1 << 16) + 2;
    (0..=count).map(|i| low + (high - low) * (i as f32 / count as f32)).collect()
}

/// Every power of two and its negative, including subnormal ones.
fn powers() -> impl Iterator<Item = f32> {
    let positive =
        (0..=254).map(|exponent| f32::from_bits(exponent << 23)).chain((0..23).map(|i| f32::from_bits(1 << i)));
    positive.flat_map(|power| [power, -power])
}

#[track_caller]
fn check(f: impl Fn(F32x4) -> F32x4, expected: impl Fn(f64) -> f64, x: &[f32], bound: impl Fn(f64) -> f64) {
    for (&x, y) in x.iter().zip(map(f, x)) {
        let expected = expected(x.into());
        assert_near(y, expected, bound(expected), x);
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn the_reference_erf_is_exact() {
    let known =
        [0.0, 0.520_499_877_813_046_5, 0.842_700_792_949_714_9, 0.995_322_265_018_952_7, 0.999_999_999_998_462_6];
    for (x, expected) in [0.0, 0.5, 1.0, 2.0, 5.0].into_iter().zip(known) {
        assert!((reference::erf(x) - expected).abs() < 1e-12 && reference::erf(-x) == -reference::erf(x), "{x}");
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn exp_is_close() {
    let bound = |y: f64| y * (EXP_ERROR + EXP_ERROR_PER_UNIT * y.ln().abs());
    check(exp, f64::exp, &grid(-87.0, 88.0), bound);
    check(exp, f64::exp, &grid(-1.0, 1.0), bound);
    for x in powers() {
        let expected = f64::from(x).min(EXP_HIGHEST).exp();
        let bound = if expected > TINY { bound(expected) } else { 0.0 };
        assert_near(one(exp, x), expected, bound + 2.0 * TINY, x);
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn tanh_is_close_and_odd() {
    check(tanh, f64::tanh, &grid(-12.0, 12.0), |_| TANH_ERROR);
    for x in powers() {
        assert_near(one(tanh, x), f64::from(x).tanh(), TANH_ERROR, x);
        assert_eq!(one(tanh, -x), -one(tanh, x));
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn gelus_are_close() {
    for x in grid(-6.0, 6.0).into_iter().chain(grid(-40.0, 40.0)).chain(powers()) {
        let bound = gelu_error(x.into());
        assert_near(one(gelu, x), reference::gelu(x.into()), bound, x);
        assert_near(one(gelu_tanh, x), reference::gelu_tanh(x.into()), bound, x);
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn extreme_values_are_defined() {
    const INF: f32 = f32::INFINITY;
    for f in [exp, tanh, gelu, gelu_tanh] {
        // NaN stays in its lane.
        let y = map(f, &[0.5, f32::NAN, 0.5, 0.5]);
        assert!(y[1].is_nan() && y[0] == one(f, 0.5) && y[0] == y[2] && y[0] == y[3]);
    }
    assert_eq!([exp, tanh, gelu, gelu_tanh].map(|f| one(f, 0.0)), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!([-1000.0, f32::MIN, -INF, -87.7].map(|x| one(exp, x).to_bits()), [0; 4]);
    assert_eq!([88.5, 1000.0, INF].map(|x| one(exp, x)), [(127.0f32).exp2(); 3]);
    assert_eq!([8.0, 100.0, INF].map(|x| one(tanh, x)), [one(tanh, 9.0); 3]);
    assert_eq!([gelu, gelu_tanh].map(|f| one(f, INF)), [INF; 2]);
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn exp_is_monotonic() {
    for [low, high] in [[-89.0, -85.0], [-0.1, 0.1], [86.0, 90.0]] {
        assert!(map(exp, &grid(low, high)).is_sorted());
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn ties_are_rounded_to_even() {
    let special = [0.0, 0.499_999_97, f32::MIN_POSITIVE, 1e-45, f32::MAX, f32::INFINITY, f32::NAN];
    // Up to 2^22, f32 has halves; up to 2^23, integers.
    let steps = (0..1 << 12).map(|i| i as f32 / 4.0);
    let near_powers =
        steps.flat_map(|step| [step, (1 << 22) as f32 - step, (1 << 23) as f32 - step, (1 << 23) as f32 + step]);
    let values: Vec<f32> = special.into_iter().chain(near_powers).flat_map(|value| [value, -value]).collect();
    let expected: Vec<f32> = values.iter().map(|value| value.round_ties_even()).collect();
    assert_eq!(bits(&map(F32x4::nearest, &values)), bits(&expected));
}
