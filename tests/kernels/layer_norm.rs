//! Layer normalisation, with and without an addend.

use super::kernels::layer_norm::LayerNorm;
use super::kernels::reference;
use super::{NOT_FINITE, ROUNDING, Random, assert_near, bits, largest};

const WIDTHS: [usize; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 36, 384];
/// Roundings of a result, without those of a lane's sum.
const ROUNDINGS: f64 = 8.0;

pub(super) fn norm(random: &mut Random, width: usize, epsilon: f32) -> LayerNorm {
    LayerNorm { gain: random.values(width, 2.0), bias: random.values(width, 1.0), epsilon }
}

pub(super) fn run(norm: &LayerNorm, x: &[f32], addend: Option<&[f32]>) -> Vec<f32> {
    let mut y = x.to_vec();
    norm.run(&mut y, addend);
    y
}

/// Compares with the reference. An error of the mean by one rounding of the row's values moves all results by this error
/// divided by the deviation.
#[track_caller]
pub(super) fn check(norm: &LayerNorm, x: &[f32], addend: Option<&[f32]>) {
    let width = norm.gain.len();
    let (y, expected) = (run(norm, x, addend), reference::layer_norm(norm, x, addend));
    let plain = LayerNorm { gain: vec![1.0; width], bias: vec![0.0; width], ..*norm };
    let normals = reference::layer_norm(&plain, x, addend);
    let sums: Vec<f64> = (0..x.len()).map(|i| f64::from(x[i]) + addend.map_or(0.0, |a| f64::from(a[i]))).collect();
    for (row, sums) in sums.chunks(width).enumerate() {
        let mean = sums.iter().sum::<f64>() / width as f64;
        let variance = sums.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / width as f64;
        let size = sums.iter().fold(0.0, |m: f64, v| m.max(v.abs())) / (variance + f64::from(norm.epsilon)).sqrt();
        for column in 0..width {
            let i = row * width + column;
            let (gain, bias) = (f64::from(norm.gain[column].abs()), f64::from(norm.bias[column].abs()));
            let roundings = width as f64 / 4.0 + ROUNDINGS;
            let bound = roundings * ROUNDING * (gain * (size + 1.0) * (1.0 + normals[i].abs()) + bias);
            assert_near(y[i], expected[i], bound, (width, row, column));
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_width_is_close() {
    let random = &mut Random(1);
    for width in WIDTHS {
        for rows in 1..=9 {
            for epsilon in [1e-5, 1e-12] {
                let norm = norm(random, width, epsilon);
                for size in [1.0, 1e15, 1e-3, 1e-30] {
                    let x = random.values(rows * width, size);
                    check(&norm, &x, None);
                    check(&norm, &x, Some(&random.values(rows * width, size)));
                }
                // Values far from 0 and close to each other; then one that outweighs all others.
                let mut x: Vec<f32> = random.values(rows * width, 1.0).iter().map(|v| v + 100.0).collect();
                check(&norm, &x, None);
                x[0] = -1e6;
                check(&norm, &x, None);
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn equal_values_give_the_bias() {
    let random = &mut Random(2);
    for width in WIDTHS {
        let norm = norm(random, width, 1e-12);
        for value in [0.0, -0.0, 1.0, -0.5, 96.0] {
            assert_eq!(run(&norm, &vec![value; width], None), norm.bias);
        }
        // Where the sum is not exact, the mean is off by one rounding, which counts as at most one deviation.
        for size in [1.0, 100.0, 1e6] {
            for value in random.values(if cfg!(miri) { 2 } else { 50 }, size) {
                let x = vec![value; width];
                check(&norm, &x, None);
                for (column, y) in run(&norm, &x, None).into_iter().enumerate() {
                    let (gain, bias) = (norm.gain[column], norm.bias[column]);
                    assert_near(y, bias.into(), f64::from(gain.abs()) + ROUNDINGS * ROUNDING, (width, value, column));
                }
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn rows_whose_squares_are_too_large_give_the_bias() {
    let random = &mut Random(3);
    for width in 2..=9 {
        let norm = norm(random, width, 1e-12);
        let mut x = random.values(width, 1.0);
        (x[0], x[1]) = (1e30, -1e30);
        assert_eq!(run(&norm, &x, None), norm.bias);
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_value_that_is_not_finite_affects_only_its_row() {
    let random = &mut Random(4);
    for width in WIDTHS {
        let norm = norm(random, width, 1e-12);
        let x = random.values(5 * width, 1.0);
        let before = run(&norm, &x, None);
        for bad in NOT_FINITE {
            let at = random.below(x.len());
            let mut addend = vec![0.0; x.len()];
            addend[at] = bad;
            for (i, (before, y)) in before.iter().zip(run(&norm, &x, Some(&addend))).enumerate() {
                let same = if i / width == at / width { y.is_nan() } else { before.to_bits() == y.to_bits() };
                assert!(same, "{bad} at {at} of {width}: {y} at {i}");
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn rows_are_independent() {
    let random = &mut Random(5);
    for width in WIDTHS {
        let norm = norm(random, width, 1e-5);
        let x = random.values(9 * width, 1.0);
        let alone: Vec<f32> = x.chunks(width).flat_map(|row| run(&norm, row, None)).collect();
        assert_eq!(bits(&run(&norm, &x, None)), bits(&alone));
    }
    assert_eq!(largest(&run(&norm(random, 3, 1e-5), &[], None)), 0.0);
}
