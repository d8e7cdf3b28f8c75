//! Scaled dot-product attention (Vaswani et al., 2017) of all heads of a batch, in integers.
//!
//! Per head, each row of queries, keys and values is quantised with one scale, to as many bits as an i32 sum of products
//! allows. The attention weights of a query are first multiplied with the scales of the values, and then quantised with one
//! scale, too. Keys are summed in their order, and a key with weight 0 adds exactly 0: padding at the end changes no bit.

use std::cell::RefCell;

use super::math::exp;
use super::quantize::{SMALLEST, quantize_row};
use super::simd::{
    CHANNELS, F32x4, LANES, for_each_four, load_eight, store_eight, tile_dot_products_i16, zip_in_place,
};

/// Queries computed together.
const TILE_ROWS: usize = 4;
/// Keys whose weighted values are summed in i32; these sums are then added in f32.
const INTEGER_KEYS: usize = 32;
/// The largest quantised attention weight.
const ATTENTION_WEIGHT_LIMIT: f32 = 32767.0;
/// The largest magnitude of a quantised value: the sum of [`INTEGER_KEYS`] products with attention weights fits in an i32.
const VALUE_LIMIT: f32 = 2047.0;

/// The dimensions of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// The number of rows of the batch.
    pub batch: usize,
    /// The number of queries of each batch row.
    pub queries: usize,
    /// The number of keys of each batch row, which is also that of its values.
    pub keys: usize,
    /// The number of heads.
    pub heads: usize,
    /// The head dimension: the number of columns of one head. A query, key or value has `heads` · `head_dim` columns.
    pub head_dim: usize,
}

/// Additive attention mask. The row of (batch b, head h, query q) starts at `b*strides[0] + h*strides[1] + q*strides[2]`
/// and has one value per key.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a> {
    /// The values that are added to the scores.
    pub values: &'a [f32],
    /// The distances in `values` from one batch row to the next, from one head to the next, and from one query to the next. 0 where all
    /// of them share their values.
    pub strides: [usize; 3],
}

impl<'a> Mask<'a> {
    /// The values for the `keys` keys of one batch row, head and query.
    #[inline(always)]
    pub(super) fn row(self, [batch, head, query]: [usize; 3], keys: usize) -> &'a [f32] {
        let [batch_stride, head_stride, query_stride] = self.strides;
        &self.values[batch * batch_stride + head * head_stride + query * query_stride..][..keys]
    }
}

/// Memory that is reused from call to call. It has the operands of one head at a time.
#[derive(Default)]
struct Scratch {
    /// Quantised queries, row by row.
    queries: Vec<i16>,
    /// The scale of each query, times that of the attention.
    query_scales: Vec<f32>,
    /// One quantised key, or the values of two keys, before packing.
    rows: [Vec<i16>; 2],
    /// Quantised keys in blocks of [`CHANNELS`] keys; a block has, for each two columns, the two numbers of each key in turn.
    keys: Vec<i16>,
    /// The scale of each key.
    key_scales: Vec<f32>,
    /// Quantised values in blocks of [`CHANNELS`] columns; a block has, for each two keys, the two numbers of each column in turn.
    values: Vec<i16>,
    /// The scale of each key's value.
    value_scales: Vec<f32>,
    /// The scores of [`TILE_ROWS`] queries, and later their attention weights.
    weights: Vec<f32>,
    /// These attention weights, quantised.
    quantized_weights: Vec<i16>,
}

/// Computes `y = softmax(q · kᵀ · scale + mask) · v` for every head. `q` and `y` are batch × queries × (heads · head_dim),
/// `k` and `v` batch × keys × (heads · head_dim).
///
/// Outputs are NaN where there are no keys, and for a query all of whose keys are masked by −∞. A NaN or an infinity in a query
/// makes that query's output in its head NaN; in a key or a value, the outputs of all queries of its batch row and head, whatever
/// the mask.
///
/// # Panics
/// If a slice does not have the size that `shape` gives, or if the mask has no values for a query.
#[inline(never)]
pub fn run(shape: Shape, scale: f32, [q, k, v]: [&[f32]; 3], mask: Option<Mask>, y: &mut [f32]) {
    let width = shape.heads * shape.head_dim;
    let (query_values, key_values) = (shape.queries * width, shape.keys * width);
    assert!([q.len(), y.len()] == [shape.batch * query_values; 2]);
    assert!([k.len(), v.len()] == [shape.batch * key_values; 2]);
    if y.is_empty() {
        return;
    }
    if shape.keys == 0 {
        return y.fill(f32::NAN);
    }
    SCRATCH.with_borrow_mut(|scratch| {
        // The padding after the last key must be zeros: values of an earlier, longer call would overflow the sums.
        scratch.keys.clear();
        for (batch, y) in y.chunks_exact_mut(query_values).enumerate() {
            let q = &q[batch * query_values..][..query_values];
            let [k, v] = [k, v].map(|x| &x[batch * key_values..][..key_values]);
            for head in 0..shape.heads {
                scratch.quantize_head(shape, scale, [q, k, v], head * shape.head_dim);
                for (tile, y) in y.chunks_mut(TILE_ROWS * width).enumerate() {
                    let first = tile * TILE_ROWS;
                    let count = y.len() / width;
                    scratch.compute_scores(shape, first, count);
                    let mask_row = |i: usize| mask.map(|mask| mask.row([batch, head, first + i], shape.keys));
                    let scales =
                        std::array::from_fn(|i| if i < count { scratch.softmax(shape, i, mask_row(i)) } else { 0.0 });
                    scratch.sum_values(shape, scales, head * shape.head_dim, y);
                }
            }
        }
    });
}

impl Scratch {
    /// Quantises and packs the queries, keys and values of one head: their columns from `first_column` on.
    fn quantize_head(&mut self, shape: Shape, scale: f32, [q, k, v]: [&[f32]; 3], first_column: usize) {
        let Shape { queries, keys, heads, head_dim, .. } = shape;
        let (stride, width) = (head_dim.next_multiple_of(2), head_dim.next_multiple_of(CHANNELS));
        let padded_keys = keys.next_multiple_of(CHANNELS);
        self.queries.resize(queries * stride, 0);
        self.query_scales.clear();
        self.rows.iter_mut().for_each(|row| row.resize(width, 0));
        self.keys.resize(padded_keys * stride, 0);
        self.key_scales.resize(padded_keys, 0.0);
        self.values.resize(padded_keys * width, 0);
        self.value_scales.resize(padded_keys, 0.0);
        self.weights.resize(TILE_ROWS * padded_keys, 0.0);
        self.quantized_weights.resize(TILE_ROWS * padded_keys, 0);
        // The largest magnitude of a quantised query or key: the sum of `stride` products of both fits in an i32. Less 1, because this
        // computation in f32 is rounded.
        let limit = (i32::MAX as f32 / stride as f32).sqrt().floor().min(f32::from(i16::MAX)) - 1.0;
        let head_columns =
            |row: usize| row * heads * head_dim + first_column..row * heads * head_dim + first_column + head_dim;
        for query in 0..queries {
            let to = &mut self.queries[query * stride..][..stride];
            self.query_scales.push(quantize_row(&q[head_columns(query)], limit, to).0 * scale);
        }
        for key in 0..keys {
            self.pack_key(key, &k[head_columns(key)], stride, limit);
        }
        for pair in 0..keys.div_ceil(2) {
            let pair_keys = 2 * pair..keys.min(2 * pair + 2);
            self.pack_values(pair, pair_keys.map(|key| &v[head_columns(key)]));
        }
    }

    /// Quantises the key of this index and packs it into its block. `stride` is the length of a packed key.
    #[inline(always)]
    fn pack_key(&mut self, index: usize, key: &[f32], stride: usize, limit: f32) {
        let quantized = &mut self.rows[0][..stride];
        self.key_scales[index] = quantize_row(key, limit, quantized).0;
        let block = &mut self.keys[index / CHANNELS * CHANNELS * stride..][..CHANNELS * stride];
        let offset = 2 * (index % CHANNELS);
        for (pair, to) in quantized.chunks_exact(2).zip(block.chunks_exact_mut(2 * CHANNELS)) {
            to[offset..offset + 2].copy_from_slice(pair);
        }
    }

    /// The number of keys, padded to whole blocks.
    #[inline(always)]
    fn padded_keys(&self) -> usize {
        self.key_scales.len()
    }

    /// Quantises the values of a pair of keys, or of the last key, and packs them into the blocks of columns.
    #[inline(always)]
    fn pack_values<'a>(&mut self, pair: usize, values: impl Iterator<Item = &'a [f32]>) {
        let padded_keys = self.padded_keys();
        for ((i, value), to) in values.enumerate().zip(&mut self.rows) {
            self.value_scales[2 * pair + i] = quantize_row(value, VALUE_LIMIT, to).0;
        }
        // After the last of an odd number of keys, `rows[1]` has older values. They add nothing: a padding key has the weight 0.
        let [even, odd] = self.rows.each_ref().map(|row| row.as_chunks::<CHANNELS>().0);
        for (block, (even, odd)) in even.iter().zip(odd).enumerate() {
            let to = &mut self.values[block * padded_keys * CHANNELS + pair * 2 * CHANNELS..][..2 * CHANNELS];
            for (to, (even, odd)) in to.chunks_exact_mut(2).zip(even.iter().zip(odd)) {
                to.copy_from_slice(&[*even, *odd]);
            }
        }
    }

    /// Computes the scores of `count` queries from `first` on, at most [`TILE_ROWS`], without the mask. Those of padding keys are not
    /// defined.
    fn compute_scores(&mut self, shape: Shape, first: usize, count: usize) {
        let stride = shape.head_dim.next_multiple_of(2);
        let padded_keys = self.padded_keys();
        // Missing rows of the last tile repeat the last query, and their scores are dropped.
        let rows = std::array::from_fn(|i| &self.queries[(first + i.min(count - 1)) * stride..][..stride]);
        for (block, keys) in self.keys.chunks_exact(CHANNELS * stride).enumerate() {
            let tile = tile_dot_products_i16::<TILE_ROWS>(rows, keys);
            let key_scales = load_eight(&self.key_scales[block * CHANNELS..]);
            for (i, sums) in tile.into_iter().enumerate().take(count) {
                let query_scale = F32x4::splat(self.query_scales[first + i]);
                let score = |half: usize| sums[half] * query_scale * key_scales[half];
                store_eight(score(0), score(1), &mut self.weights[i * padded_keys + block * CHANNELS..][..CHANNELS]);
            }
        }
    }

    /// Turns the scores of query `i` of the tile into quantised attention weights: adds the mask, applies the softmax, multiplies with
    /// the scales of the values, and quantises to i16. Returns the scale that turns the integer weighted sums back into f32; NaN if an
    /// attention weight or a scale is not finite.
    #[inline(always)]
    fn softmax(&mut self, shape: Shape, i: usize, mask: Option<&[f32]>) -> f32 {
        let padded_keys = self.padded_keys();
        let all = &mut self.weights[i * padded_keys..][..padded_keys];
        let (row, padding) = all.split_at_mut(shape.keys);
        let largest_score = F32x4::splat(add_mask(row, mask));
        let [mut sum, mut largest_weight, mut not_finite] = [F32x4::splat(0.0); 3];
        zip_in_place(row, &self.value_scales[..shape.keys], f32::NEG_INFINITY, |score, value_scale| {
            let weight = exp(score - largest_score);
            sum = sum + weight;
            let scaled = weight * value_scale;
            largest_weight = largest_weight.max(scaled);
            // 0 for a finite value, NaN for any other.
            not_finite = not_finite + scaled * F32x4::splat(0.0);
            scaled
        });
        padding.fill(0.0);
        let largest_weight = largest_weight.max_lane();
        if largest_weight < SMALLEST {
            self.quantized_weights[i * padded_keys..][..padded_keys].fill(0);
            return not_finite.sum_lanes();
        }
        let inverse = F32x4::splat(ATTENTION_WEIGHT_LIMIT / largest_weight);
        let (eights, _) = all.as_chunks::<{ 2 * LANES }>();
        let (targets, _) = self.quantized_weights[i * padded_keys..][..padded_keys].as_chunks_mut();
        for (eight, to) in eights.iter().zip(targets) {
            let [low, high] = load_eight(eight).map(|four| four * inverse);
            F32x4::store_i16(low, high, to);
        }
        (largest_weight / ATTENTION_WEIGHT_LIMIT + not_finite.sum_lanes()) / sum.sum_lanes()
    }

    /// Writes the weighted sums of the head's values, for up to [`TILE_ROWS`] queries, to the head's columns of `y`, which begin at
    /// `first_column`. `scales` are those that [`softmax`](Self::softmax) returned.
    fn sum_values(&self, shape: Shape, scales: [f32; TILE_ROWS], first_column: usize, y: &mut [f32]) {
        let Shape { heads, head_dim, .. } = shape;
        let padded_keys = self.padded_keys();
        for (block, values) in self.values.chunks_exact(padded_keys * CHANNELS).enumerate() {
            let mut outputs = [[F32x4::splat(0.0); CHANNELS / LANES]; TILE_ROWS];
            for (part, values) in values.chunks(INTEGER_KEYS * CHANNELS).enumerate() {
                let weights =
                    |i: usize| &self.quantized_weights[i * padded_keys + part * INTEGER_KEYS..(i + 1) * padded_keys];
                let tile = tile_dot_products_i16::<TILE_ROWS>(std::array::from_fn(weights), values);
                for (output, sums) in outputs.iter_mut().zip(tile) {
                    output[0] = output[0] + sums[0];
                    output[1] = output[1] + sums[1];
                }
            }
            let width = CHANNELS.min(head_dim - block * CHANNELS);
            for ((output, scale), y) in outputs.into_iter().zip(scales).zip(y.chunks_exact_mut(heads * head_dim)) {
                let scale = F32x4::splat(scale);
                store_eight(output[0] * scale, output[1] * scale, &mut y[first_column + block * CHANNELS..][..width]);
            }
        }
    }
}

/// Adds the mask to the scores of one query, and returns the largest of the sums; NaNs are ignored.
#[inline(always)]
pub(super) fn add_mask(scores: &mut [f32], mask: Option<&[f32]>) -> f32 {
    let mut largest = F32x4::splat(f32::NEG_INFINITY);
    match mask {
        Some(mask) => zip_in_place(scores, mask, f32::NEG_INFINITY, |score, mask| {
            let score = score + mask;
            largest = largest.max(score);
            score
        }),
        None => for_each_four(scores, f32::NEG_INFINITY, |score| largest = largest.max(score)),
    }
    largest.max_lane()
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}
