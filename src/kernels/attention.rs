//! Scaled dot-product attention (Vaswani et al., 2017) of all heads of a batch.
//!
//! For each head, queries, keys and values become whole numbers row by row, as in [`super::quant_linear`], with as many
//! bits as the sums of products allow; so do the shares of a query, times the scales of the values. Keys are added up in
//! their order, and one whose share is 0 adds exactly nothing: padding at the end changes no bit.

use super::functions::exp;
use super::lanes::{F32x4, LANES, each, replace_with};
use super::machine::tile_i16;
use super::quant_linear::{CHANNELS, SMALLEST, quantize_row, store_both};
use super::scratch::with_scratch;

/// Queries computed together.
const TILE_ROWS: usize = 4;
/// Keys whose shares and values are multiplied in whole numbers before they are added up in f32.
const MIXED_KEYS: usize = 32;
/// Of shares and of values: so many products of both fit in an i32.
const SHARE_LIMIT: f32 = 32767.0;
const VALUE_LIMIT: f32 = 2047.0;
/// The sums of a tile of up to that many rows, whole numbers already as f32: for each row two times four columns.
pub(crate) type Tile<const ROWS: usize> = [[F32x4; CHANNELS / LANES]; ROWS];

/// The sizes of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    pub batch: usize,
    pub queries: usize,
    /// Keys, and as many values.
    pub keys: usize,
    pub heads: usize,
    /// Columns of one head; a row of queries has `heads` times as many.
    pub head: usize,
}

/// What is added to the scores: a number for each key, a row of them for each query, found by strides of batch, head and query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask<'a> {
    pub values: &'a [f32],
    pub strides: [usize; 3],
}

/// Reused from call to call; all of one head.
#[derive(Default)]
pub(crate) struct AttentionScratch {
    /// Queries, row by row, and the scale of each.
    queries: Vec<i16>,
    query_scales: Vec<f32>,
    /// One key, or two values, before they are packed.
    rows: [Vec<i16>; 2],
    /// Keys in blocks of [`CHANNELS`], for each two columns in turn, and the scale of each.
    keys: Vec<i16>,
    key_scales: Vec<f32>,
    /// Values in blocks of [`CHANNELS`] columns, for each two keys in turn, and the scale of each key's.
    values: Vec<i16>,
    value_scales: Vec<f32>,
    /// Scores, then shares, of [`TILE_ROWS`] queries, and these as whole numbers.
    shares: Vec<f32>,
    whole_shares: Vec<i16>,
}

/// Attends with `q`, batch × queries × (heads · head), to `k` and `v`, batch × keys × (heads · head); `y` is as `q`.
/// A NaN or an infinity in a query gives NaN for it; in a key or a value, for all queries of its batch and head, whatever
/// the mask.
pub(crate) fn run(shape: Shape, scale: f32, [q, k, v]: [&[f32]; 3], mask: Option<Mask>, y: &mut [f32]) {
    let width = shape.heads * shape.head;
    let (of_queries, of_keys) = (shape.queries * width, shape.keys * width);
    assert!([q.len(), y.len()] == [shape.batch * of_queries; 2]);
    assert!([k.len(), v.len()] == [shape.batch * of_keys; 2]);
    if y.is_empty() {
        return;
    }
    if shape.keys == 0 {
        return y.fill(f32::NAN);
    }
    with_scratch(|scratch| {
        let scratch = &mut scratch.attention;
        // Behind the last key of a block: larger numbers of an earlier call would overflow the sums.
        scratch.keys.clear();
        for (batch, y) in y.chunks_exact_mut(of_queries).enumerate() {
            let q = &q[batch * of_queries..][..of_queries];
            let [k, v] = [k, v].map(|x| &x[batch * of_keys..][..of_keys]);
            for head in 0..shape.heads {
                scratch.take_head(shape, scale, [q, k, v], head * shape.head);
                for (tile, y) in y.chunks_mut(TILE_ROWS * width).enumerate() {
                    let first = tile * TILE_ROWS;
                    let count = y.len() / width;
                    scratch.score(shape, first, count);
                    let mask = |i: usize| {
                        mask.map(|mask| {
                            let [b, h, q] = mask.strides;
                            &mask.values[batch * b + head * h + (first + i) * q..][..shape.keys]
                        })
                    };
                    let scales =
                        std::array::from_fn(|i| if i < count { scratch.softmax(shape, i, mask(i)) } else { 0.0 });
                    scratch.mix(shape, scales, head * shape.head, y);
                }
            }
        }
    });
}

impl AttentionScratch {
    /// Quantises and packs the columns of a head, which begin at `first`.
    fn take_head(&mut self, shape: Shape, scale: f32, [q, k, v]: [&[f32]; 3], first: usize) {
        let Shape { queries, keys, heads, head, .. } = shape;
        let (stride, width) = (head.next_multiple_of(2), head.next_multiple_of(CHANNELS));
        let columns = keys.next_multiple_of(CHANNELS);
        self.queries.resize(queries * stride, 0);
        self.query_scales.clear();
        self.rows.iter_mut().for_each(|row| row.resize(width, 0));
        self.keys.resize(columns * stride, 0);
        self.key_scales.resize(columns, 0.0);
        self.values.resize(columns * width, 0);
        self.value_scales.resize(columns, 0.0);
        self.shares.resize(TILE_ROWS * columns, 0.0);
        self.whole_shares.resize(TILE_ROWS * columns, 0);
        // So many products of two such numbers fit in an i32.
        let limit = (i32::MAX as f32 / stride as f32).sqrt().floor().min(f32::from(i16::MAX)) - 1.0;
        let of_head = |row: usize| row * heads * head + first..row * heads * head + first + head;
        for row in 0..queries {
            let to = &mut self.queries[row * stride..][..stride];
            self.query_scales.push(quantize_row(&q[of_head(row)], limit, to).0 * scale);
        }
        for row in 0..keys {
            let key = &mut self.rows[0][..stride];
            self.key_scales[row] = quantize_row(&k[of_head(row)], limit, key).0;
            let block = &mut self.keys[row / CHANNELS * CHANNELS * stride..][..CHANNELS * stride];
            let column = 2 * (row % CHANNELS);
            for (pair, to) in key.chunks_exact(2).zip(block.chunks_exact_mut(2 * CHANNELS)) {
                to[column..column + 2].copy_from_slice(pair);
            }
        }
        for pair in 0..keys.div_ceil(2) {
            for (row, to) in (2 * pair..keys).zip(&mut self.rows) {
                self.value_scales[row] = quantize_row(&v[of_head(row)], VALUE_LIMIT, to).0;
            }
            let [even, odd] = self.rows.each_ref().map(|row| row.as_chunks::<CHANNELS>().0);
            for (block, (even, odd)) in even.iter().zip(odd).enumerate() {
                let to = &mut self.values[block * columns * CHANNELS + pair * 2 * CHANNELS..][..2 * CHANNELS];
                for (to, (even, odd)) in to.chunks_exact_mut(2).zip(even.iter().zip(odd)) {
                    to.copy_from_slice(&[*even, *odd]);
                }
            }
        }
    }

    /// The scores of up to four queries, before any mask.
    fn score(&mut self, shape: Shape, first: usize, count: usize) {
        let stride = shape.head.next_multiple_of(2);
        let columns = self.key_scales.len();
        let rows = std::array::from_fn(|i| &self.queries[(first + i.min(count - 1)) * stride..][..stride]);
        for (block, keys) in self.keys.chunks_exact(CHANNELS * stride).enumerate() {
            let tile = tile_i16::<TILE_ROWS>(rows, keys);
            let key_scales = &self.key_scales[block * CHANNELS..][..CHANNELS];
            let key_scales = [F32x4::first(key_scales), F32x4::first(&key_scales[LANES..])];
            for (i, sums) in tile.into_iter().enumerate().take(count) {
                let row_scale = F32x4::splat(self.query_scales[first + i]);
                let score = |half: usize| sums[half] * row_scale * key_scales[half];
                store_both(score(0), score(1), &mut self.shares[i * columns + block * CHANNELS..][..CHANNELS]);
            }
        }
    }

    /// A query's scores to shares in whole numbers; returned is what their products with the values are times.
    #[inline(always)]
    fn softmax(&mut self, shape: Shape, i: usize, mask: Option<&[f32]>) -> f32 {
        let columns = self.key_scales.len();
        let all = &mut self.shares[i * columns..][..columns];
        let (row, behind) = all.split_at_mut(shape.keys);
        let mut largest = F32x4::splat(f32::NEG_INFINITY);
        match mask {
            Some(mask) => replace_with(row, mask, f32::NEG_INFINITY, |score, mask| {
                let score = score + mask;
                largest = largest.max(score);
                score
            }),
            None => each(row, f32::NEG_INFINITY, |score| largest = largest.max(score)),
        }
        let largest = F32x4::splat(largest.largest());
        let [mut sum, mut most, mut not_finite] = [F32x4::splat(0.0); 3];
        replace_with(row, &self.value_scales[..shape.keys], f32::NEG_INFINITY, |score, scale| {
            let share = exp(score - largest);
            sum = sum + share;
            let share = share * scale;
            most = most.max(share);
            // 0 for each finite number, NaN for the others.
            not_finite = not_finite + share * F32x4::splat(0.0);
            share
        });
        behind.fill(0.0);
        let most = most.largest();
        if most < SMALLEST {
            self.whole_shares[i * columns..][..columns].fill(0);
            return not_finite.sum();
        }
        let inverse = F32x4::splat(SHARE_LIMIT / most);
        let (eights, _) = all.as_chunks::<{ 2 * LANES }>();
        let (places, _) = self.whole_shares[i * columns..][..columns].as_chunks_mut();
        for (eight, to) in eights.iter().zip(places) {
            let [low, high] = [0, LANES].map(|i| F32x4::first(&eight[i..]) * inverse);
            F32x4::store_i16(low, high, to);
        }
        (most / SHARE_LIMIT + not_finite.sum()) / sum.sum()
    }

    /// The head's values, weighed by the shares of up to four queries, into its columns of `y`.
    fn mix(&self, shape: Shape, scales: [f32; TILE_ROWS], first: usize, y: &mut [f32]) {
        let Shape { heads, head, .. } = shape;
        let columns = self.key_scales.len();
        for (block, values) in self.values.chunks_exact(columns * CHANNELS).enumerate() {
            let mut mixed = [[F32x4::splat(0.0); CHANNELS / LANES]; TILE_ROWS];
            for (part, values) in values.chunks(MIXED_KEYS * CHANNELS).enumerate() {
                let shares = |i: usize| &self.whole_shares[i * columns + part * MIXED_KEYS..(i + 1) * columns];
                let tile = tile_i16::<TILE_ROWS>(std::array::from_fn(shares), values);
                for (mixed, sums) in mixed.iter_mut().zip(tile) {
                    mixed[0] = mixed[0] + sums[0];
                    mixed[1] = mixed[1] + sums[1];
                }
            }
            let part = CHANNELS.min(head - block * CHANNELS);
            for ((mixed, scale), y) in mixed.into_iter().zip(scales).zip(y.chunks_exact_mut(heads * head)) {
                let scale = F32x4::splat(scale);
                store_both(mixed[0] * scale, mixed[1] * scale, &mut y[first + block * CHANNELS..][..part]);
            }
        }
    }
}
