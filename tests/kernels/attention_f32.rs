//! Attention in f32: every shape and mask, outliers, and independence of masked keys.

use super::attention::{Case, PER_BATCH, PER_QUERY, PER_SCORE, shapes};
use super::kernels::attention::Shape;
use super::kernels::attention_f32::run;
use super::kernels::reference;
use super::{Random, assert_near, bits, largest};

/// The largest error relative to the largest value: roundings of scores up to 20, and of `exp`.
const MAX_ERROR: f64 = 3e-5;

fn outputs(case: &Case) -> Vec<f32> {
    let mut y = vec![7.0; case.qkv[0].len()];
    run(case.shape, case.scale, case.qkv(), case.mask(), &mut y);
    y
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_shape_and_mask_is_exact_up_to_rounding() {
    let random = &mut Random(1);
    for shape in shapes().filter(|shape| shape.batch == 2 && shape.heads < 3) {
        for own in [None, Some(PER_BATCH), Some(PER_QUERY), Some(PER_SCORE)] {
            let mut case = Case::random(random, shape);
            if let Some(own) = own {
                case = case.masked(random, own);
            }
            let expected = reference::attention(case.shape, case.scale, case.qkv(), case.mask());
            for (y, expected) in outputs(&case).into_iter().zip(expected) {
                assert_near(y, expected, MAX_ERROR * largest(&case.qkv[2]), shape);
            }
        }
    }
}

/// As integers, a column that is 1,000 times as large as the others would take all quantisation steps.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_large_column_does_not_harm_the_others() {
    let random = &mut Random(2);
    for shape in shapes().filter(|shape| shape.batch == 1 && shape.head_dim > 1) {
        let mut case = Case::random(random, shape);
        case.qkv[2].iter_mut().step_by(shape.head_dim).for_each(|value| *value *= 1000.0);
        let expected = reference::attention(case.shape, case.scale, case.qkv(), None);
        for (i, (y, expected)) in outputs(&case).into_iter().zip(expected).enumerate() {
            if !i.is_multiple_of(shape.head_dim) {
                assert_near(y, expected, MAX_ERROR, shape);
            }
        }
    }
}

/// Padding: masked keys at the end.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn padding_changes_no_bit() {
    let random = &mut Random(3);
    for shape in shapes().filter(|shape| shape.batch == 1) {
        let short = Case::random(random, shape);
        let before = bits(&outputs(&short));
        for (more, masked) in [(1, -1e4), (2, f32::MIN), (3, f32::NEG_INFINITY), (13, -1e4)] {
            let length = shape.keys + more;
            let mut long = Case::random(random, Shape { queries: length, keys: length, ..shape });
            for (long, short) in long.qkv.iter_mut().zip(&short.qkv) {
                long[..short.len()].copy_from_slice(short);
            }
            long.mask = Some(([vec![0.0; shape.keys], vec![masked; more]].concat(), [0; 3]));
            assert_eq!(bits(&outputs(&long)[..short.qkv[0].len()]), before, "{shape:?} and {more} of {masked}");
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn no_keys_give_nan() {
    let mut y = [7.0; 12];
    let shape = Shape { batch: 1, queries: 2, keys: 0, heads: 2, head_dim: 3 };
    run(shape, 1.0, [&[1.0; 12], &[], &[]], None, &mut y);
    assert!(y.iter().all(|y| y.is_nan()));
}
