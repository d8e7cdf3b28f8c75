//! A linear layer with int8 weights: `activation(x · W + b)`.
//!
//! Each row of `x` becomes whole numbers with a scale of its own. They are i16, which the multiplication takes at no
//! cost, and as large as they can be without the i32 sums ever overflowing: 14 or 15 bits where int8 would give 7, so
//! that only the weights' rounding is felt. Then, for a tile of four rows by eight channels at a time,
//! `y = sum × row scale × channel scale + bias`.

use std::sync::Arc;

use super::functions::{gelu, gelu_tanh};
use super::lanes::{F32x4, LANES, each};
use super::machine::tile_i8;
use super::scratch::with_scratch;

/// Output channels in a block of packed weights.
pub(crate) const CHANNELS: usize = 8;
/// Rows computed together.
pub(crate) const TILE_ROWS: usize = 4;
/// The sums of a tile of up to that many rows, whole numbers already as f32: for each row two times four channels.
pub(crate) type Tile<const ROWS: usize> = [[F32x4; CHANNELS / LANES]; ROWS];

/// Bytes of quantised rows that are gone through once per block of weights: they stay in the second-level cache.
const PANEL_BYTES: usize = 128 * 1024;
/// Below it a row's largest magnitude counts as 0, as its reciprocal would not be finite.
const SMALLEST: f32 = 1e-30;

/// What follows the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Activation {
    None,
    Gelu,
    GeluTanh,
}

impl Activation {
    #[inline(always)]
    fn of(self, x: F32x4) -> F32x4 {
        match self {
            Self::None => x,
            Self::Gelu => gelu(x),
            Self::GeluTanh => gelu_tanh(x),
        }
    }
}

/// Weights in the order that the tiles read them.
#[derive(Debug, Clone)]
pub(crate) struct QuantLinear {
    pub inputs: usize,
    pub outputs: usize,
    /// Blocks of [`CHANNELS`] outputs; in a block, for each pair of inputs, both weights of each output in turn.
    packed: Arc<Vec<i8>>,
    /// One per output, filled up with zeros to whole blocks.
    scales: Arc<Vec<f32>>,
    bias: Vec<f32>,
    pub activation: Activation,
}

impl QuantLinear {
    /// From whole weights and a scale per output. `row(input, first)` gives an input's weights for the outputs from
    /// `first` on, as many as there are up to [`CHANNELS`], and zeros behind them.
    pub(crate) fn pack(
        inputs: usize,
        outputs: usize,
        scales: &[f32],
        row: impl Fn(usize, usize) -> [i8; CHANNELS],
    ) -> Self {
        assert_eq!(scales.len(), outputs);
        let (blocks, pairs) = (outputs.div_ceil(CHANNELS), inputs.div_ceil(2));
        let mut packed = vec![0; blocks * pairs * 2 * CHANNELS];
        for (block, packed) in packed.chunks_exact_mut((pairs * 2 * CHANNELS).max(1)).enumerate() {
            let (packed, _) = packed.as_chunks_mut::<{ 2 * CHANNELS }>();
            for (pair, packed) in packed.iter_mut().enumerate() {
                let even = row(2 * pair, block * CHANNELS);
                let odd = if 2 * pair + 1 < inputs { row(2 * pair + 1, block * CHANNELS) } else { [0; CHANNELS] };
                for (to, both) in packed.chunks_exact_mut(2).zip(even.into_iter().zip(odd)) {
                    (to[0], to[1]) = both;
                }
            }
        }
        let mut padded = scales.to_vec();
        padded.resize(blocks * CHANNELS, 0.0);
        let bias = vec![0.0; blocks * CHANNELS];
        Self { inputs, outputs, packed: packed.into(), scales: padded.into(), bias, activation: Activation::None }
    }

    /// Whether both are the same layer, not only equal ones.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.packed, &other.packed) && self.bias == other.bias && self.activation == other.activation
    }

    /// From float weights, each output's rounded to int8 by its largest magnitude over 127.
    pub(crate) fn quantize(inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let largest = |output| (0..inputs).fold(0.0, |m: f32, input| m.max(weight(input, output).abs()));
        let scales: Vec<f32> = (0..outputs).map(|output| largest(output) / 127.0).collect();
        let whole = |input, output| match scales[output] {
            0.0 => 0,
            scale => (weight(input, output) / scale).round_ties_even() as i8,
        };
        Self::pack(inputs, outputs, &scales, |input, first| {
            std::array::from_fn(|i| if first + i < outputs { whole(input, first + i) } else { 0 })
        })
    }

    /// Adds to the bias of each output.
    pub(crate) fn add_bias(&mut self, bias: impl Iterator<Item = f32>) {
        for (to, value) in self.bias.iter_mut().zip(bias) {
            *to += value;
        }
    }

    /// The largest whole number of a quantised row: so many of them, each times −128, still fit in an i32.
    fn limit(&self) -> f32 {
        let most = i32::MAX as usize / (128 * 2 * self.inputs.div_ceil(2).max(1));
        most.min(i16::MAX as usize) as f32
    }

    /// `x`, rows of `inputs`, to `y`, rows of `outputs`. A row with a NaN or an infinity in it gives NaN throughout.
    pub(crate) fn run(&self, x: &[f32], y: &mut [f32]) {
        let rows = y.len() / self.outputs.max(1);
        assert_eq!((x.len(), y.len()), (rows * self.inputs, rows * self.outputs));
        with_scratch(|scratch| {
            scratch.rows.quantize(x, rows, self.inputs, self.limit());
            self.multiply(&scratch.rows, y);
        });
    }

    fn multiply(&self, x: &QuantRows, y: &mut [f32]) {
        let block_len = x.stride * CHANNELS;
        let panel_rows = (PANEL_BYTES / (2 * x.stride.max(1))).max(1).next_multiple_of(TILE_ROWS);
        for first in (0..x.scales.len()).step_by(panel_rows) {
            let panel = first..(first + panel_rows).min(x.scales.len());
            for (block, weights) in self.packed.chunks_exact(block_len.max(1)).enumerate() {
                for row in panel.clone().step_by(TILE_ROWS) {
                    match panel.end - row {
                        1 => self.tile::<1>(x, row, block, weights, y),
                        2 => self.tile::<2>(x, row, block, weights, y),
                        3 => self.tile::<3>(x, row, block, weights, y),
                        _ => self.tile::<TILE_ROWS>(x, row, block, weights, y),
                    }
                }
            }
        }
    }

    /// A block of channels of the rows from `first` on.
    #[inline(always)]
    fn tile<const ROWS: usize>(&self, x: &QuantRows, first: usize, block: usize, weights: &[i8], y: &mut [f32]) {
        let channel = block * CHANNELS;
        let width = CHANNELS.min(self.outputs - channel);
        let both = |of: &[f32]| [F32x4::first(&of[channel..]), F32x4::first(&of[channel + LANES..])];
        let (scales, bias) = (both(&self.scales), both(&self.bias));
        for (row, sums) in (first..).zip(tile_i8(x.rows::<ROWS>(first), weights)) {
            let row_scale = F32x4::splat(x.scales[row]);
            let value = |half: usize| self.activation.of(sums[half] * row_scale * scales[half] + bias[half]);
            store_both(value(0), value(1), &mut y[row * self.outputs + channel..][..width]);
        }
    }
}

/// Up to eight numbers.
#[inline(always)]
pub(crate) fn store_both(low: F32x4, high: F32x4, to: &mut [f32]) {
    match to.len() {
        width @ ..LANES => low.store_part(&mut to[..width]),
        _ => {
            low.store_part(&mut to[..LANES]);
            high.store_part(&mut to[LANES..]);
        }
    }
}

/// Rows of whole numbers, each with its scale.
#[derive(Default)]
pub(crate) struct QuantRows {
    values: Vec<i16>,
    scales: Vec<f32>,
    /// Numbers in a row: its length, or one more to make them pairs.
    stride: usize,
}

impl QuantRows {
    fn quantize(&mut self, x: &[f32], rows: usize, width: usize, limit: f32) {
        self.stride = width.next_multiple_of(2);
        self.values.resize(rows * self.stride, 0);
        self.scales.clear();
        for row in 0..rows {
            let to = &mut self.values[row * self.stride..][..self.stride];
            self.scales.push(quantize_row(&x[row * width..][..width], limit, to));
        }
    }

    /// That many rows from `first` on.
    #[inline(always)]
    fn rows<const ROWS: usize>(&self, first: usize) -> [&[i16]; ROWS] {
        std::array::from_fn(|i| &self.values[(first + i) * self.stride..][..self.stride])
    }
}

/// Writes `x / scale` in whole numbers up to ±`limit` and zeros behind them; returns the scale,
/// which is NaN where a number is not finite.
pub(crate) fn quantize_row(x: &[f32], limit: f32, to: &mut [i16]) -> f32 {
    let (mut largest, mut not_finite) = (F32x4::splat(0.0), F32x4::splat(0.0));
    each(x, 0.0, |four| {
        largest = largest.max(four.abs());
        // 0 for each finite number, NaN for the others.
        not_finite = not_finite + four * F32x4::splat(0.0);
    });
    let largest = largest.largest();
    let finite = not_finite.sum() == 0.0;
    if !finite || largest < SMALLEST {
        to.fill(0);
        return if finite { 0.0 } else { f32::NAN };
    }
    let inverse = F32x4::splat(limit / largest);
    let (eights, rest) = x.as_chunks::<{ 2 * LANES }>();
    let (whole, _) = to.as_chunks_mut::<{ 2 * LANES }>();
    for (eight, to) in eights.iter().zip(whole) {
        let half = |i: usize| F32x4::first(&eight[i..]) * inverse;
        F32x4::store_i16(half(0), half(LANES), to);
    }
    if !rest.is_empty() {
        let mut eight = [0.0; 2 * LANES];
        eight[..rest.len()].copy_from_slice(rest);
        let half = |i: usize| F32x4::first(&eight[i..]) * inverse;
        let mut part = [0; 2 * LANES];
        F32x4::store_i16(half(0), half(LANES), &mut part);
        let to = &mut to[x.len() - rest.len()..];
        let len = to.len();
        to.copy_from_slice(&part[..len]);
    }
    largest / limit
}
