//! Scaled dot-product attention (Vaswani et al., 2017) of all heads of a batch.
//!
//! For each head, queries and keys become whole numbers row by row, as in [`super::quant_linear`], with as many bits
//! as their products' sums allow; the shares and the values stay f32. Keys are added up in their order, and one whose
//! share is 0 adds exactly nothing: padding at the end changes no bit.

use super::functions::exp;
use super::lanes::{F32x4, LANES, each, replace, replace_with};
use super::machine::tile_i16;
use super::quant_linear::{CHANNELS, quantize_row, store_both};
use super::scratch::with_scratch;

/// Queries computed together.
const TILE_ROWS: usize = 4;
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
    /// One key before it is packed.
    key: Vec<i16>,
    /// Keys in blocks of [`CHANNELS`], as packed weights are, and the scale of each.
    keys: Vec<i16>,
    key_scales: Vec<f32>,
    /// Values in blocks of [`CHANNELS`] columns, each row by row.
    values: Vec<f32>,
    /// Scores, then shares, of [`TILE_ROWS`] queries.
    shares: Vec<f32>,
}

/// Attends with `q`, batch × queries × (heads · head), to `k` and `v`, batch × keys × (heads · head); `y` is as `q`.
/// A NaN or an infinity in a query gives NaN for it; in a key, for all queries of its batch and head, and in a value
/// nothing finite in its column for them, whatever the mask.
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
                    let sums =
                        std::array::from_fn(|i| if i < count { scratch.softmax(shape, i, mask(i)) } else { 1.0 });
                    scratch.mix(shape, sums, head * shape.head, y);
                }
            }
        }
    });
}

impl AttentionScratch {
    /// Quantises and packs the columns of a head, which begin at `first`.
    fn take_head(&mut self, shape: Shape, scale: f32, [q, k, v]: [&[f32]; 3], first: usize) {
        let Shape { queries, keys, heads, head, .. } = shape;
        let stride = head.next_multiple_of(2);
        let blocks = keys.div_ceil(CHANNELS);
        self.queries.resize(queries * stride, 0);
        self.key.resize(stride, 0);
        self.keys.resize(blocks * CHANNELS * stride, 0);
        self.key_scales.resize(blocks * CHANNELS, 0.0);
        self.shares.resize(TILE_ROWS * blocks * CHANNELS, 0.0);
        self.query_scales.clear();
        self.values.resize(head.div_ceil(CHANNELS) * keys * CHANNELS, 0.0);
        // So many products of two such numbers fit in an i32.
        let limit = (i32::MAX as f32 / stride as f32).sqrt().floor().min(f32::from(i16::MAX)) - 1.0;
        let of_head = |row: usize| row * heads * head + first..row * heads * head + first + head;
        for row in 0..queries {
            let to = &mut self.queries[row * stride..][..stride];
            self.query_scales.push(quantize_row(&q[of_head(row)], limit, to).0 * scale);
        }
        for row in 0..keys {
            self.key_scales[row] = quantize_row(&k[of_head(row)], limit, &mut self.key).0;
            let block = &mut self.keys[row / CHANNELS * CHANNELS * stride..][..CHANNELS * stride];
            let column = 2 * (row % CHANNELS);
            for (pair, to) in self.key.chunks_exact(2).zip(block.chunks_exact_mut(2 * CHANNELS)) {
                to[column..column + 2].copy_from_slice(pair);
            }
            for (block, from) in v[of_head(row)].chunks(CHANNELS).enumerate() {
                self.values[(block * keys + row) * CHANNELS..][..from.len()].copy_from_slice(from);
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

    /// A query's scores to shares, not yet divided by their sum, which is returned.
    #[inline(always)]
    fn softmax(&mut self, shape: Shape, i: usize, mask: Option<&[f32]>) -> f32 {
        let columns = self.key_scales.len();
        let row = &mut self.shares[i * columns..][..shape.keys];
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
        let mut sum = F32x4::splat(0.0);
        replace(row, f32::NEG_INFINITY, |score| {
            let share = exp(score - largest);
            sum = sum + share;
            share
        });
        sum.sum()
    }

    /// The head's values, weighed by the shares of up to four queries, into its columns of `y`.
    fn mix(&self, shape: Shape, sums: [f32; TILE_ROWS], first: usize, y: &mut [f32]) {
        let Shape { keys, heads, head, .. } = shape;
        let columns = self.key_scales.len();
        let [a, b, c, d] = std::array::from_fn(|i| &self.shares[i * columns..][..keys]);
        for (block, values) in self.values.chunks_exact(keys * CHANNELS).enumerate() {
            let (values, _) = values.as_chunks::<CHANNELS>();
            let mut mixed = [[F32x4::splat(0.0); 2]; TILE_ROWS];
            for ((((values, a), b), c), d) in values.iter().zip(a).zip(b).zip(c).zip(d) {
                let values = [F32x4::first(values), F32x4::first(&values[LANES..])];
                for (mixed, share) in mixed.iter_mut().zip([a, b, c, d]) {
                    let share = F32x4::splat(*share);
                    mixed[0] = mixed[0] + share * values[0];
                    mixed[1] = mixed[1] + share * values[1];
                }
            }
            let part = CHANNELS.min(head - block * CHANNELS);
            for ((mixed, sum), y) in mixed.into_iter().zip(sums).zip(y.chunks_exact_mut(heads * head)) {
                let sum = F32x4::splat(sum);
                store_both(mixed[0] / sum, mixed[1] / sum, &mut y[first + block * CHANNELS..][..part]);
            }
        }
    }
}
