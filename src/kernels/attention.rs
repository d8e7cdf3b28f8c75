//! Scaled dot-product attention (Vaswani et al., 2017) of all heads of a batch, in integers.
//!
//! Per head, each row of queries, keys and values is quantised with one scale, to as many bits as an i32 sum of
//! products allows; so are the attention weights of a query, after multiplication with the scales of the values. Keys
//! are summed in their order, and one with weight 0 adds exactly 0: padding at the end changes no bit.

use std::cell::RefCell;

use super::math::exp;
use super::quantize::{SMALLEST, quantize_row};
use super::simd::{CHANNELS, F32x4, LANES, for_each_four, store_eight, tile_dot_products_i16, zip_in_place};

/// Queries computed together.
const TILE_ROWS: usize = 4;
/// Keys whose weighted values are summed in i32 before they are added in f32.
const INTEGER_KEYS: usize = 32;
/// Largest magnitudes of quantised attention weights and values: [`INTEGER_KEYS`] products of both fit in an i32.
const WEIGHT_LIMIT: f32 = 32767.0;
const VALUE_LIMIT: f32 = 2047.0;

/// The dimensions of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Texts.
    pub batch: usize,
    /// Queries of each text.
    pub queries: usize,
    /// Keys, and as many values as keys.
    pub keys: usize,
    /// Heads.
    pub heads: usize,
    /// Columns of one head (the head dimension). A row of queries has `heads` · `head_dim` columns.
    pub head_dim: usize,
}

/// Additive attention mask. The row of (batch b, head h, query q) starts at `b*strides[0] + h*strides[1] + q*strides[2]`
/// and has one value per key.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a> {
    /// What is added to the scores.
    pub values: &'a [f32],
    /// Between batch rows, heads and queries.
    pub strides: [usize; 3],
}

impl<'a> Mask<'a> {
    /// The values for each key, for a batch row, a head and a query.
    #[inline(always)]
    pub(super) fn row(self, indices: [usize; 3], keys: usize) -> &'a [f32] {
        let [batch, head, query] = indices;
        let [b, h, q] = self.strides;
        &self.values[batch * b + head * h + query * q..][..keys]
    }
}

/// Memory that is reused from call to call. It holds one head at a time.
#[derive(Default)]
struct Scratch {
    /// Quantised queries, row by row, and the scale of each row.
    queries: Vec<i16>,
    query_scales: Vec<f32>,
    /// One key, or the values of two keys, before packing.
    rows: [Vec<i16>; 2],
    /// Quantised keys in blocks of [`CHANNELS`]; a block has two columns of each key in turn. The scale of each key.
    keys: Vec<i16>,
    key_scales: Vec<f32>,
    /// Quantised values in blocks of [`CHANNELS`] columns; a block has two keys of each column in turn. The scale of each
    /// key's value.
    values: Vec<i16>,
    value_scales: Vec<f32>,
    /// The scores of [`TILE_ROWS`] queries, then their attention weights, and these quantised.
    weights: Vec<f32>,
    quantized_weights: Vec<i16>,
}

/// Computes `y = softmax(q · kᵀ · scale + mask) · v` for every head. `q` and `y` are batch × queries × (heads · head_dim),
/// `k` and `v` batch × keys × (heads · head_dim). A NaN or an infinity in a query makes that query's output NaN; in a key
/// or a value, the outputs of all queries of its batch and head, whatever the mask.
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
                    scratch.score(shape, first, count);
                    let mask = |i: usize| mask.map(|mask| mask.row([batch, head, first + i], shape.keys));
                    let scales =
                        std::array::from_fn(|i| if i < count { scratch.softmax(shape, i, mask(i)) } else { 0.0 });
                    scratch.sum_values(shape, scales, head * shape.head_dim, y);
                }
            }
        }
    });
}

impl Scratch {
    /// Quantises and packs one head: the columns from `first` on.
    fn quantize_head(&mut self, shape: Shape, scale: f32, [q, k, v]: [&[f32]; 3], first: usize) {
        let Shape { queries, keys, heads, head_dim, .. } = shape;
        let (stride, width) = (head_dim.next_multiple_of(2), head_dim.next_multiple_of(CHANNELS));
        let columns = keys.next_multiple_of(CHANNELS);
        self.queries.resize(queries * stride, 0);
        self.query_scales.clear();
        self.rows.iter_mut().for_each(|row| row.resize(width, 0));
        self.keys.resize(columns * stride, 0);
        self.key_scales.resize(columns, 0.0);
        self.values.resize(columns * width, 0);
        self.value_scales.resize(columns, 0.0);
        self.weights.resize(TILE_ROWS * columns, 0.0);
        self.quantized_weights.resize(TILE_ROWS * columns, 0);
        // The sum of `stride` products of two such values fits in an i32.
        let limit = (i32::MAX as f32 / stride as f32).sqrt().floor().min(f32::from(i16::MAX)) - 1.0;
        let columns_of = |row: usize| row * heads * head_dim + first..row * heads * head_dim + first + head_dim;
        for row in 0..queries {
            let to = &mut self.queries[row * stride..][..stride];
            self.query_scales.push(quantize_row(&q[columns_of(row)], limit, to).0 * scale);
        }
        for row in 0..keys {
            self.pack_key(row, &k[columns_of(row)], stride, limit);
        }
        for pair in 0..keys.div_ceil(2) {
            let rows = 2 * pair..keys.min(2 * pair + 2);
            self.pack_values(pair, rows.map(|row| &v[columns_of(row)]));
        }
    }

    /// Quantises a key and packs it into its block. `stride` is the length of a packed key.
    #[inline(always)]
    fn pack_key(&mut self, row: usize, key: &[f32], stride: usize, limit: f32) {
        let quantized = &mut self.rows[0][..stride];
        self.key_scales[row] = quantize_row(key, limit, quantized).0;
        let block = &mut self.keys[row / CHANNELS * CHANNELS * stride..][..CHANNELS * stride];
        let first = 2 * (row % CHANNELS);
        for (pair, to) in quantized.chunks_exact(2).zip(block.chunks_exact_mut(2 * CHANNELS)) {
            to[first..first + 2].copy_from_slice(pair);
        }
    }

    /// Quantises the values of a pair of keys, or of the last key, and packs them into the blocks of columns.
    #[inline(always)]
    fn pack_values<'a>(&mut self, pair: usize, values: impl Iterator<Item = &'a [f32]>) {
        let columns = self.key_scales.len();
        for ((i, value), to) in values.enumerate().zip(&mut self.rows) {
            self.value_scales[2 * pair + i] = quantize_row(value, VALUE_LIMIT, to).0;
        }
        let [even, odd] = self.rows.each_ref().map(|row| row.as_chunks::<CHANNELS>().0);
        for (block, (even, odd)) in even.iter().zip(odd).enumerate() {
            let to = &mut self.values[block * columns * CHANNELS + pair * 2 * CHANNELS..][..2 * CHANNELS];
            for (to, (even, odd)) in to.chunks_exact_mut(2).zip(even.iter().zip(odd)) {
                to.copy_from_slice(&[*even, *odd]);
            }
        }
    }

    /// Computes the scores of `count` queries from `first` on, at most [`TILE_ROWS`], without the mask.
    fn score(&mut self, shape: Shape, first: usize, count: usize) {
        let stride = shape.head_dim.next_multiple_of(2);
        let columns = self.key_scales.len();
        let rows = std::array::from_fn(|i| &self.queries[(first + i.min(count - 1)) * stride..][..stride]);
        for (block, keys) in self.keys.chunks_exact(CHANNELS * stride).enumerate() {
            let tile = tile_dot_products_i16::<TILE_ROWS>(rows, keys);
            let key_scales = &self.key_scales[block * CHANNELS..][..CHANNELS];
            let key_scales = [F32x4::load_first(key_scales), F32x4::load_first(&key_scales[LANES..])];
            for (i, sums) in tile.into_iter().enumerate().take(count) {
                let row_scale = F32x4::splat(self.query_scales[first + i]);
                let score = |half: usize| sums[half] * row_scale * key_scales[half];
                store_eight(score(0), score(1), &mut self.weights[i * columns + block * CHANNELS..][..CHANNELS]);
            }
        }
    }

    /// Softmax of the scores of query `i` of the tile, quantised to i16. Returns the scale that turns the integer
    /// weighted sums back into f32.
    #[inline(always)]
    fn softmax(&mut self, shape: Shape, i: usize, mask: Option<&[f32]>) -> f32 {
        let columns = self.key_scales.len();
        let all = &mut self.weights[i * columns..][..columns];
        let (row, padding) = all.split_at_mut(shape.keys);
        let largest = F32x4::splat(add_mask(row, mask));
        let [mut sum, mut most, mut not_finite] = [F32x4::splat(0.0); 3];
        zip_in_place(row, &self.value_scales[..shape.keys], f32::NEG_INFINITY, |score, scale| {
            let weight = exp(score - largest);
            sum = sum + weight;
            let weight = weight * scale;
            most = most.max(weight);
            // 0 for a finite value, NaN for any other.
            not_finite = not_finite + weight * F32x4::splat(0.0);
            weight
        });
        padding.fill(0.0);
        let most = most.max_lane();
        if most < SMALLEST {
            self.quantized_weights[i * columns..][..columns].fill(0);
            return not_finite.sum_lanes();
        }
        let inverse = F32x4::splat(WEIGHT_LIMIT / most);
        let (eights, _) = all.as_chunks::<{ 2 * LANES }>();
        let (targets, _) = self.quantized_weights[i * columns..][..columns].as_chunks_mut();
        for (eight, to) in eights.iter().zip(targets) {
            let [low, high] = [0, LANES].map(|i| F32x4::load_first(&eight[i..]) * inverse);
            F32x4::store_i16(low, high, to);
        }
        (most / WEIGHT_LIMIT + not_finite.sum_lanes()) / sum.sum_lanes()
    }

    /// Writes the weighted sums of the head's values, for up to [`TILE_ROWS`] queries, to the head's columns of `y`,
    /// which begin at `first`. `scales` are those that [`softmax`](Self::softmax) returned.
    fn sum_values(&self, shape: Shape, scales: [f32; TILE_ROWS], first: usize, y: &mut [f32]) {
        let Shape { heads, head_dim, .. } = shape;
        let columns = self.key_scales.len();
        for (block, values) in self.values.chunks_exact(columns * CHANNELS).enumerate() {
            let mut outputs = [[F32x4::splat(0.0); CHANNELS / LANES]; TILE_ROWS];
            for (part, values) in values.chunks(INTEGER_KEYS * CHANNELS).enumerate() {
                let weights = |i: usize| &self.quantized_weights[i * columns + part * INTEGER_KEYS..(i + 1) * columns];
                let tile = tile_dot_products_i16::<TILE_ROWS>(std::array::from_fn(weights), values);
                for (output, sums) in outputs.iter_mut().zip(tile) {
                    output[0] = output[0] + sums[0];
                    output[1] = output[1] + sums[1];
                }
            }
            let part = CHANNELS.min(head_dim - block * CHANNELS);
            for ((output, scale), y) in outputs.into_iter().zip(scales).zip(y.chunks_exact_mut(heads * head_dim)) {
                let scale = F32x4::splat(scale);
                store_eight(output[0] * scale, output[1] * scale, &mut y[first + block * CHANNELS..][..part]);
            }
        }
    }
}

/// Adds the mask to one query's scores, and returns the largest of them.
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
