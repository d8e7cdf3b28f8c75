//! Attention: every shape and mask, and independence of masked keys and other batches.

use super::kernels::attention::{Mask, Shape, run};
use super::kernels::reference;
use super::{NOT_FINITE, ROUNDING, Random, STEP, assert_near, bits, largest};

const LENGTHS: [usize; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 33];
const HEAD_DIMS: [usize; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 32, 64];
/// What masks add to the score of a masked key.
const MASKED: [f32; 3] = [-1e4, f32::MIN, f32::NEG_INFINITY];
pub(super) const PER_BATCH: [bool; 3] = [true, false, false];
pub(super) const PER_QUERY: [bool; 3] = [false, false, true];
pub(super) const PER_SCORE: [bool; 3] = [true; 3];

/// The error of quantising queries and keys of ordinary size, relative to the largest value.
pub(super) const ORDINARY_ERROR: f64 = 8e-4;
/// The largest quantised attention weight and value.
const WEIGHT_LIMIT: f64 = 32767.0;
const VALUE_LIMIT: f64 = 2047.0;
/// Roundings of a score, and of an attention weight including the error of `exp`.
const SCORE_ROUNDINGS: f64 = 8.0;
const WEIGHT_ROUNDINGS: f64 = 16.0;

pub(super) struct Case {
    pub(super) shape: Shape,
    pub(super) scale: f32,
    pub(super) qkv: [Vec<f32>; 3],
    pub(super) mask: Option<(Vec<f32>, [usize; 3])>,
}

impl Case {
    pub(super) fn random(random: &mut Random, shape: Shape) -> Self {
        let count = shape.batch * shape.keys * shape.heads * shape.head_dim;
        let qkv = [2.0, 2.0, 1.0].map(|size| random.values(count, size));
        Self { shape, scale: 1.0 / (shape.head_dim as f32).sqrt(), qkv, mask: None }
    }

    /// Adds a mask, one for each batch, head and query or shared by them, that masks some keys but never the first.
    pub(super) fn masked(mut self, random: &mut Random, own: [bool; 3]) -> Self {
        let Shape { batch, keys: length, heads, .. } = self.shape;
        let (mut count, mut strides) = (length, [0; 3]);
        for (axis, size) in [batch, heads, length].into_iter().enumerate().rev().filter(|(axis, _)| own[*axis]) {
            strides[axis] = count;
            count *= size;
        }
        let mut values = random.values(count, 2.0);
        for (i, value) in values.iter_mut().enumerate() {
            if i % length > 0 && random.below(3) == 0 {
                *value = MASKED[random.below(3)];
            }
        }
        self.mask = Some((values, strides));
        self
    }

    pub(super) fn mask(&self) -> Option<Mask<'_>> {
        self.mask.as_ref().map(|(values, strides)| Mask { values, strides: *strides })
    }

    pub(super) fn qkv(&self) -> [&[f32]; 3] {
        self.qkv.each_ref().map(Vec::as_slice)
    }

    pub(super) fn run(&self) -> Vec<f32> {
        let mut y = vec![7.0; self.qkv[0].len()];
        run(self.shape, self.scale, self.qkv(), self.mask(), &mut y);
        y
    }

    /// The columns of one head in one row.
    fn columns(&self, batch: usize, row: usize, head: usize) -> std::ops::Range<usize> {
        let start = ((batch * self.shape.keys + row) * self.shape.heads + head) * self.shape.head_dim;
        start..start + self.shape.head_dim
    }

    /// The bound on the error of a query's scores.
    fn score_error(&self, [batch, row, head]: [usize; 3]) -> f64 {
        // The sum of `width` products of two such integers fits in an i32.
        let width = self.shape.head_dim.next_multiple_of(2) as f64;
        let limit = (f64::from(i32::MAX) / width).sqrt().floor().min(f64::from(i16::MAX)) - 1.0;
        let query = &self.qkv[0][self.columns(batch, row, head)];
        let query_step = STEP * largest(query) / limit;
        let mut error = 0.0;
        for key in 0..self.shape.keys {
            let added = self.mask().map_or(0.0, |mask| {
                let [b, h, q] = mask.strides;
                f64::from(mask.values[batch * b + head * h + row * q + key].abs())
            });
            if added >= 1e4 {
                continue;
            }
            let key = &self.qkv[1][self.columns(batch, key, head)];
            let key_step = STEP * largest(key) / limit;
            let (mut steps, mut products) = (0.0, 0.0);
            for (q, k) in query.iter().zip(key) {
                let (q, k) = (f64::from(q.abs()), f64::from(k.abs()));
                steps += q * key_step + k * query_step + query_step * key_step;
                products += q * k;
            }
            let scale = f64::from(self.scale);
            error = (steps * scale + SCORE_ROUNDINGS * ROUNDING * (products * scale + added)).max(error);
        }
        error
    }

    /// Compares with the reference. `max_error` is an additional bound, relative to the largest value.
    #[track_caller]
    pub(super) fn check(&self, max_error: f64) {
        let Shape { batch, keys: length, heads, head_dim, .. } = self.shape;
        let (y, expected) = (self.run(), reference::attention(self.shape, self.scale, self.qkv(), self.mask()));
        let largest_value = largest(&self.qkv[2]);
        for i in 0..batch * length * heads {
            let at = [i / heads / length, i / heads % length, i % heads];
            // An error e of the scores changes the sum of the attention weights' errors by at most e.
            let keys = length as f64;
            let steps = STEP / VALUE_LIMIT + keys * STEP / WEIGHT_LIMIT;
            let bound = self.score_error(at) + steps + (2.0 * keys + WEIGHT_ROUNDINGS) * ROUNDING;
            for column in i * head_dim..(i + 1) * head_dim {
                assert_near(y[column], expected[column], bound.min(max_error) * largest_value, (self.shape, at));
            }
        }
    }
}

/// As many queries as keys.
fn square(batch: usize, length: usize, heads: usize, head_dim: usize) -> Shape {
    Shape { batch, queries: length, keys: length, heads, head_dim }
}

pub(super) fn shapes() -> impl Iterator<Item = Shape> {
    let all = |batch, heads, length| HEAD_DIMS.map(|head_dim| square(batch, length, heads, head_dim));
    (1..=3).flat_map(move |batch| {
        (1..=3).flat_map(move |heads| LENGTHS.into_iter().flat_map(move |length| all(batch, heads, length)))
    })
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_shape_and_mask_is_close() {
    let random = &mut Random(1);
    for shape in shapes() {
        Case::random(random, shape).check(ORDINARY_ERROR);
        for own in [PER_BATCH, PER_QUERY, PER_SCORE] {
            Case::random(random, shape).masked(random, own).check(ORDINARY_ERROR);
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_magnitude_is_close() {
    let random = &mut Random(2);
    for head_dim in HEAD_DIMS {
        let shape = square(1, 9, 2, head_dim);
        for [queries, keys, values] in
            [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [20.0, 20.0, 1.0], [1e-20, 1e20, 1.0], [1.0, 1.0, 1e30], [1.0, 1.0, 0.0]]
        {
            let mut case = Case::random(random, shape);
            case.qkv = [queries, keys, values].map(|size| random.values(case.qkv[0].len(), size));
            case.check(f64::INFINITY);
            // The largest possible sums: all queries and keys have one magnitude.
            case.qkv[0].fill(queries);
            case.qkv[1].iter_mut().for_each(|key| *key = keys.copysign(*key));
            case.check(f64::INFINITY);
            case.qkv[1].fill(-keys);
            case.check(f64::INFINITY);
        }
    }
}

/// Memory reused from an earlier call with more keys does not leak into the sums.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn earlier_calls_have_no_influence() {
    let shape = |length, head_dim| square(1, length, 1, head_dim);
    let ones = |shape: Shape| [(); 3].map(|()| vec![1.0; shape.keys * shape.head_dim]);
    for shape in [shape(16, 32), shape(1, 64)] {
        Case { shape, scale: 1.0, qkv: ones(shape), mask: None }.check(ORDINARY_ERROR);
    }
}

/// Padding: masked keys at the end.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn padding_changes_no_bit() {
    let random = &mut Random(3);
    for shape in shapes().filter(|shape| shape.batch == 1) {
        let short = Case::random(random, shape);
        let before = bits(&short.run());
        for (more, masked) in [1, 2, 3, 8, 13].into_iter().zip(MASKED.into_iter().cycle()) {
            let length = shape.keys + more;
            let mut long = Case::random(random, Shape { queries: length, keys: length, ..shape });
            for (long, short) in long.qkv.iter_mut().zip(&short.qkv) {
                long[..short.len()].copy_from_slice(short);
            }
            let mask = [vec![0.0; shape.keys], vec![masked; more]].concat();
            long.mask = Some((mask, [0; 3]));
            assert_eq!(bits(&long.run()[..short.qkv[0].len()]), before, "{shape:?} and {more} of {masked}");
        }
    }
}

/// A query's result does not depend on other queries.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn fewer_queries_get_the_same_bits() {
    let random = &mut Random(7);
    for shape in shapes().filter(|shape| shape.batch == 1) {
        let all = Case::random(random, shape).masked(random, PER_QUERY);
        let before = all.run();
        for queries in [1, 2, 5].into_iter().filter(|queries| *queries < shape.queries) {
            let size = queries * shape.heads * shape.head_dim;
            let mut y = vec![7.0; size];
            let [q, k, v] = all.qkv();
            run(Shape { queries, ..shape }, all.scale, [&q[..size], k, v], all.mask(), &mut y);
            assert_eq!(bits(&y), bits(&before[..size]), "{queries} queries of {shape:?}");
        }
    }
}

/// Without keys there are no values to sum.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn no_keys_give_nan() {
    let mut y = [7.0; 12];
    run(Shape { keys: 0, ..square(1, 2, 2, 3) }, 1.0, [&[1.0; 12], &[], &[]], None, &mut y);
    assert!(y.iter().all(|y| y.is_nan()));
}

/// Masked keys and their values may be anything finite, at any position.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn masked_keys_have_no_influence() {
    let random = &mut Random(4);
    for shape in shapes().filter(|shape| shape.batch == 2) {
        let mut case = Case::random(random, shape).masked(random, PER_BATCH);
        let before = bits(&case.run());
        let (mask, _) = case.mask.clone().unwrap();
        for (i, _) in mask.iter().enumerate().filter(|(_, added)| **added <= -1e4) {
            let row = i * shape.heads * shape.head_dim..(i + 1) * shape.heads * shape.head_dim;
            case.qkv[1][row.clone()].fill(-3.0);
            case.qkv[2][row].fill(1e30);
        }
        assert_eq!(bits(&case.run()), before, "{shape:?}");
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn batches_are_independent() {
    let random = &mut Random(5);
    for shape in shapes().filter(|shape| shape.batch == 3) {
        let case = Case::random(random, shape).masked(random, PER_SCORE);
        let (mask, strides) = case.mask.clone().unwrap();
        let size = case.qkv[0].len() / 3;
        let alone = |batch: usize| {
            let qkv = case.qkv.each_ref().map(|x| x[batch * size..][..size].to_vec());
            let mask = Some((mask[batch * strides[0]..][..strides[0]].to_vec(), strides));
            Case { shape: Shape { batch: 1, ..shape }, qkv, mask, ..case }.run()
        };
        assert_eq!(bits(&case.run()), bits(&[0, 1, 2].map(alone).concat()), "{shape:?}");
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_value_that_is_not_finite_affects_only_its_head() {
    let random = &mut Random(6);
    for shape in shapes().filter(|shape| shape.batch == 2) {
        let Shape { keys: length, heads, head_dim, .. } = shape;
        let mut case = Case::random(random, shape).masked(random, PER_BATCH);
        let before = case.run();
        let (at, bad) = (random.below(before.len()), NOT_FINITE[random.below(3)]);
        // The batch, row and head of a value.
        let position = |i: usize| [i / head_dim / heads / length, i / head_dim / heads % length, i / head_dim % heads];
        let [batch, row, of_head] = position(at);
        let mut check = |input: usize, affects: &dyn Fn([usize; 3]) -> bool| {
            let good = std::mem::replace(&mut case.qkv[input][at], bad);
            for (i, (before, y)) in before.iter().zip(case.run()).enumerate() {
                let same = if affects(position(i)) { y.is_nan() } else { before.to_bits() == y.to_bits() };
                assert!(same, "{bad} at {at} of input {input}, {shape:?}: {y} at {i}");
            }
            case.qkv[input][at] = good;
        };
        check(0, &|position| position == [batch, row, of_head]);
        check(1, &|[b, _, h]| [b, h] == [batch, of_head]);
        check(2, &|[b, _, h]| [b, h] == [batch, of_head]);
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn empty_inputs_give_empty_outputs() {
    for [batch, length] in [[0, 3], [3, 0]] {
        run(square(batch, length, 2, 3), 1.0, [&[]; 3], None, &mut []);
    }
}
