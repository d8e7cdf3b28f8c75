//! Scaled dot-product attention as in [`super::attention`], in f32: for layers that lose too much precision in integers.

use std::cell::RefCell;

use super::attention::{Mask, Shape, add_mask};
use super::math::exp;
use super::simd::{F32x4, LANES, for_each_four, zip_in_place};

/// Computes `y = softmax(q · kᵀ · scale + mask) · v` for every head, with the shapes of [`super::attention::run`]. Keys are
/// summed in their order, and a masked key with finite values adds exactly 0. Outputs are NaN where there are no keys, and for a query
/// all of whose keys are masked by −∞.
///
/// # Panics
/// If a slice does not have the size that `shape` gives, or if the mask has no values for a query.
#[inline(never)]
pub fn run(shape: Shape, scale: f32, [q, k, v]: [&[f32]; 3], mask: Option<Mask>, y: &mut [f32]) {
    let Shape { batch, queries, keys, heads, head_dim } = shape;
    let width = heads * head_dim;
    assert!([q.len(), y.len()] == [batch * queries * width; 2] && [k.len(), v.len()] == [batch * keys * width; 2]);
    if y.is_empty() {
        return;
    }
    if keys == 0 {
        return y.fill(f32::NAN);
    }
    SCORES.with_borrow_mut(|scores| {
        scores.resize(keys, 0.0);
        for (row, (q, y)) in q.chunks_exact(width).zip(y.chunks_exact_mut(width)).enumerate() {
            let (batch, query) = (row / queries, row % queries);
            let [k, v] = [k, v].map(|x| &x[batch * keys * width..][..keys * width]);
            for (head, (q, y)) in q.chunks_exact(head_dim).zip(y.chunks_exact_mut(head_dim)).enumerate() {
                let columns = head * head_dim..(head + 1) * head_dim;
                for (score, k) in scores.iter_mut().zip(k.chunks_exact(width)) {
                    *score = dot_product(q, &k[columns.clone()]) * scale;
                }
                let sum = softmax(scores, mask.map(|mask| mask.row([batch, head, query], keys)));
                y.fill(0.0);
                for (weight, v) in scores.iter().zip(v.chunks_exact(width)) {
                    let weight = F32x4::splat(*weight);
                    zip_in_place(y, &v[columns.clone()], 0.0, |y, v| y + weight * v);
                }
                for value in y {
                    *value /= sum;
                }
            }
        }
    });
}

/// The dot product of two rows of the same length.
#[inline(always)]
fn dot_product(a: &[f32], b: &[f32]) -> f32 {
    let (mut sum, mut rest) = (F32x4::splat(0.0), b);
    for_each_four(a, 0.0, |four| {
        sum = sum + four * F32x4::load_part(rest, 0.0);
        rest = rest.get(LANES..).unwrap_or_default();
    });
    sum.sum_lanes()
}

/// Replaces each score by its attention weight times the sum of all weights, `e^(score + mask − largest)`, and returns that sum.
#[inline(always)]
fn softmax(scores: &mut [f32], mask: Option<&[f32]>) -> f32 {
    let largest_score = F32x4::splat(add_mask(scores, mask));
    let mut sum = F32x4::splat(0.0);
    let (fours, rest) = scores.as_chunks_mut::<LANES>();
    let mut weigh = |score: F32x4| {
        let weight = exp(score - largest_score);
        sum = sum + weight;
        weight
    };
    for four in fours {
        weigh(F32x4::load(four)).store(four);
    }
    if !rest.is_empty() {
        weigh(F32x4::load_part(rest, f32::NEG_INFINITY)).store_part(rest);
    }
    sum.sum_lanes()
}

thread_local! {
    static SCORES: RefCell<Vec<f32>> = RefCell::default();
}
