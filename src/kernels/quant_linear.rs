//! A linear layer with whole numbers: `activation(x · W + b)`.
//!
//! Weights have 7 bits and a scale for each output channel, each row of `x` has 8 bits and a scale of its own: what
//! relaxed SIMD multiplies on all machines alike, and what loses little. The weights are stored with
//! [`OFFSET`] added, so that none is negative, which the sum of the row takes off again:
//! `y = (sum − OFFSET × sum of the row) × row scale × channel scale + bias`.

use std::ops::Range;
use std::sync::Arc;

use super::functions::{gelu, gelu_tanh};
use super::lanes::{F32x4, LANES, each};
use super::machine::{sums_i8, sums_i16, wants_i8};
use super::scratch::with_scratch;

/// Output channels in a block of packed weights.
pub(crate) const CHANNELS: usize = 8;
/// Inputs that lie together in it: for each channel in turn, the weights of so many inputs.
pub(crate) const INPUTS: usize = 4;

/// A channel's largest weight.
pub(crate) const WEIGHT_LIMIT: f32 = 63.0;
const OFFSET: i32 = 64;
/// A row's largest number.
const ROW_LIMIT: f32 = 127.0;
/// So many products of the largest numbers fit in an i32.
pub(crate) const MAX_INPUTS: usize = i32::MAX as usize / (127 * 127);
/// Bytes of quantised rows that are gone through once per block of weights: they stay in the second-level cache.
const PANEL_BYTES: usize = 128 * 1024;
/// Below it a largest magnitude counts as 0, as its reciprocal would not be finite.
pub(crate) const SMALLEST: f32 = 1e-30;

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

/// Weights in the order that the kernels read them.
#[derive(Debug, Clone)]
pub(crate) struct QuantLinear {
    pub inputs: usize,
    pub outputs: usize,
    /// Blocks of [`CHANNELS`] outputs; in a block, for each [`INPUTS`] inputs, the weights of each output in turn.
    packed: Arc<Vec<i8>>,
    /// One per output, filled up with zeros to whole blocks.
    scales: Arc<Vec<f32>>,
    bias: Vec<f32>,
    pub activation: Activation,
}

impl QuantLinear {
    /// From whole numbers and a scale for each output, or, where there are no scales, from any numbers. Whole numbers up
    /// to [`WEIGHT_LIMIT`] stay what they are. `row(input, first)` gives an input's weights for the outputs from `first`
    /// on, and zeros behind the last one. There are at most [`MAX_INPUTS`] inputs.
    pub(crate) fn pack(
        inputs: usize,
        outputs: usize,
        scales: Option<&[f32]>,
        row: impl Fn(usize, usize) -> [F32x4; CHANNELS / LANES],
    ) -> Self {
        assert!(scales.is_none_or(|scales| scales.len() == outputs) && inputs <= MAX_INPUTS);
        let (blocks, block_len) = (outputs.div_ceil(CHANNELS), inputs.next_multiple_of(INPUTS) * CHANNELS);
        let mut packed = vec![0; blocks * block_len];
        let mut all_scales = scales.map_or_else(|| vec![1.0; outputs], <[f32]>::to_vec);
        all_scales.resize(blocks * CHANNELS, 0.0);
        for (block, packed) in packed.chunks_exact_mut(block_len.max(1)).enumerate() {
            let first = block * CHANNELS;
            let mut largest = [F32x4::splat(0.0); CHANNELS / LANES];
            for input in 0..inputs {
                for (largest, weights) in largest.iter_mut().zip(row(input, first)) {
                    *largest = largest.max(weights.abs());
                }
            }
            let mut ratios = [0.0; CHANNELS];
            store_both(largest[0], largest[1], &mut ratios);
            for (ratio, scale) in ratios.iter_mut().zip(&mut all_scales[first..]) {
                let largest = *ratio;
                if scales.is_some() && largest <= WEIGHT_LIMIT {
                    *ratio = 1.0;
                    continue;
                }
                *scale *= largest / WEIGHT_LIMIT;
                *ratio = if largest < SMALLEST { 0.0 } else { WEIGHT_LIMIT / largest };
            }
            let (ratios, offset) =
                ([F32x4::first(&ratios), F32x4::first(&ratios[LANES..])], F32x4::splat(OFFSET as f32));
            let (groups, _) = packed.as_chunks_mut::<{ CHANNELS * INPUTS }>();
            for (group, to) in groups.iter_mut().enumerate() {
                let mut rows = [[OFFSET as i8; CHANNELS]; INPUTS];
                for (input, whole) in (group * INPUTS..inputs).zip(&mut rows) {
                    let weights = row(input, first);
                    let level = |half: usize| (weights[half] * ratios[half]).nearest() + offset;
                    F32x4::store_i8(level(0), level(1), whole);
                }
                for channel in 0..CHANNELS {
                    for input in 0..INPUTS {
                        to[channel * INPUTS + input] = rows[input][channel];
                    }
                }
            }
        }
        Self::unbiased(inputs, outputs, packed, all_scales)
    }

    /// From whole numbers that lie together for each output, and the scale of each output; otherwise as `pack`.
    pub(crate) fn pack_rows<'a>(inputs: usize, scales: &[f32], row: impl Fn(usize) -> &'a [i8]) -> Self {
        assert!(inputs <= MAX_INPUTS);
        let (outputs, block_len) = (scales.len(), inputs.next_multiple_of(INPUTS) * CHANNELS);
        let padded = outputs.next_multiple_of(CHANNELS);
        let mut packed = vec![OFFSET as i8; padded / CHANNELS * block_len];
        let mut scales = scales.to_vec();
        for (output, scale) in scales.iter_mut().enumerate() {
            let block = &mut packed[output / CHANNELS * block_len..][..block_len];
            *scale *= pack_row(row(output), output % CHANNELS, block);
        }
        scales.resize(padded, 0.0);
        Self::unbiased(inputs, outputs, packed, scales)
    }

    fn unbiased(inputs: usize, outputs: usize, packed: Vec<i8>, scales: Vec<f32>) -> Self {
        let bias = vec![0.0; scales.len()];
        Self { inputs, outputs, packed: packed.into(), scales: scales.into(), bias, activation: Activation::None }
    }

    /// From any numbers, one by one.
    pub(crate) fn quantize(inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        Self::pack(inputs, outputs, None, |input, first| {
            let one = |i| if i < outputs { weight(input, i) } else { 0.0 };
            [first, first + LANES].map(|first| F32x4::load(&std::array::from_fn(|i| one(first + i))))
        })
    }

    /// Whether both are the same layer, not only equal ones.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.packed, &other.packed) && self.bias == other.bias && self.activation == other.activation
    }

    /// Adds to the bias of each output.
    pub(crate) fn add_bias(&mut self, bias: impl Iterator<Item = f32>) {
        for (to, value) in self.bias.iter_mut().zip(bias) {
            *to += value;
        }
    }

    /// `x`, rows of `inputs`, to `y`, rows of `outputs`. A row with a NaN or an infinity in it gives NaN throughout.
    pub(crate) fn run(&self, x: &[f32], y: &mut [f32]) {
        let rows = y.len() / self.outputs.max(1);
        assert_eq!((x.len(), y.len()), (rows * self.inputs, rows * self.outputs));
        with_scratch(|scratch| {
            if wants_i8() {
                scratch.narrow.quantize(x, rows, self.inputs);
                self.multiply(&scratch.narrow, sums_i8, &mut scratch.sums, y);
            } else {
                scratch.wide.quantize(x, rows, self.inputs);
                self.multiply(&scratch.wide, sums_i16, &mut scratch.sums, y);
            }
        });
    }

    fn multiply<T>(&self, x: &QuantRows<T>, sums_of: SumsOf<T>, sums: &mut Vec<[i32; CHANNELS]>, y: &mut [f32]) {
        let panel_rows = (PANEL_BYTES / (size_of::<T>() * x.stride).max(1)).max(1);
        for first in (0..x.scales.len()).step_by(panel_rows) {
            let panel = first..(first + panel_rows).min(x.scales.len());
            let values = &x.values[first * x.stride..panel.end * x.stride];
            sums.resize(panel.len(), [0; CHANNELS]);
            for block in 0..self.bias.len() / CHANNELS {
                let weights = &self.packed[block * CHANNELS * x.stride..][..CHANNELS * x.stride];
                sums_of(values, x.stride, weights, sums);
                self.finish(x, panel.clone(), block * CHANNELS, sums, y);
            }
        }
    }

    /// From sums to outputs, of the channels from `channel` on.
    fn finish<T>(&self, x: &QuantRows<T>, rows: Range<usize>, channel: usize, sums: &[[i32; CHANNELS]], y: &mut [f32]) {
        let width = CHANNELS.min(self.outputs - channel);
        let both = |of: &[f32]| [F32x4::first(&of[channel..]), F32x4::first(&of[channel + LANES..])];
        let (scales, bias) = (both(&self.scales), both(&self.bias));
        for (row, sums) in rows.zip(sums) {
            let scale = F32x4::splat(x.scales[row]);
            let [low, high] = F32x4::less(sums, x.offsets[row]);
            let value = |half: usize, sum| self.activation.of(sum * scale * scales[half] + bias[half]);
            store_both(value(0, low), value(1, high), &mut y[row * self.outputs + channel..][..width]);
        }
    }
}

/// Puts the weights of a channel where they belong in its block; returns what they were divided by, so as to fit.
/// A function of its own: browsers make better code only of what they are to call again, not of a loop that is running.
#[inline(never)]
fn pack_row(row: &[i8], channel: usize, block: &mut [i8]) -> f32 {
    let largest = f32::from(row.iter().fold(0, |largest, value| value.unsigned_abs().max(largest)));
    let (groups, _) = block.as_chunks_mut::<{ CHANNELS * INPUTS }>();
    let place = channel * INPUTS..(channel + 1) * INPUTS;
    let (divisor, ratio) = match largest <= WEIGHT_LIMIT {
        true => (1.0, 1.0),
        false => (largest / WEIGHT_LIMIT, WEIGHT_LIMIT / largest),
    };
    match row.as_chunks::<INPUTS>() {
        (fours, []) if divisor == 1.0 => {
            for (group, four) in groups.iter_mut().zip(fours) {
                group[place.clone()].copy_from_slice(&with_offset(*four));
            }
        }
        _ => {
            for (group, values) in groups.iter_mut().zip(row.chunks(INPUTS)) {
                for (to, value) in group[place.clone()].iter_mut().zip(values) {
                    *to = (f32::from(*value) * ratio).round_ties_even() as i8 + OFFSET as i8;
                }
            }
        }
    }
    divisor
}

/// [`OFFSET`] added to each, all four at once: what browsers run first is machine code that is not optimised yet.
#[inline(always)]
fn with_offset(four: [i8; INPUTS]) -> [i8; INPUTS] {
    const SIGNS: u32 = 0x8080_8080;
    let four = u32::from_ne_bytes(four.map(i8::cast_unsigned));
    let sums = ((four & !SIGNS) + OFFSET as u32 * 0x0101_0101) ^ (four & SIGNS);
    sums.to_ne_bytes().map(u8::cast_signed)
}

/// A function that computes sums of products; see [`sums_i16`].
type SumsOf<T> = fn(&[T], usize, &[i8], &mut [[i32; CHANNELS]]);

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

/// A whole number of a row.
pub(crate) trait Whole: Copy + Default {
    /// Eight at once, rounded to nearest, ties to even.
    fn store(low: F32x4, high: F32x4, to: &mut [Self; 2 * LANES]);
}

impl Whole for i16 {
    #[inline(always)]
    fn store(low: F32x4, high: F32x4, to: &mut [Self; 2 * LANES]) {
        F32x4::store_i16(low, high, to);
    }
}

impl Whole for i8 {
    #[inline(always)]
    fn store(low: F32x4, high: F32x4, to: &mut [Self; 2 * LANES]) {
        F32x4::store_i8(low, high, to);
    }
}

/// Rows of whole numbers, each with its scale.
#[derive(Default)]
pub(crate) struct QuantRows<T> {
    values: Vec<T>,
    scales: Vec<f32>,
    /// [`OFFSET`] times the sum of each.
    offsets: Vec<i32>,
    /// Numbers in a row: its length, and zeros up to a multiple of [`INPUTS`].
    stride: usize,
}

impl<T: Whole> QuantRows<T> {
    fn quantize(&mut self, x: &[f32], rows: usize, width: usize) {
        self.stride = width.next_multiple_of(INPUTS);
        self.values.resize(rows * self.stride, T::default());
        self.scales.clear();
        self.offsets.clear();
        for row in 0..rows {
            let to = &mut self.values[row * self.stride..][..self.stride];
            let (scale, sum) = quantize_row(&x[row * width..][..width], ROW_LIMIT, to);
            self.scales.push(scale);
            self.offsets.push(OFFSET * sum as i32);
        }
    }
}

/// Writes `x / scale` in whole numbers up to ±`limit` and zeros behind them; returns the scale, which is NaN where a
/// number is not finite, and the sum of the whole numbers.
pub(crate) fn quantize_row<T: Whole>(x: &[f32], limit: f32, to: &mut [T]) -> (f32, f32) {
    let (mut largest, mut not_finite) = (F32x4::splat(0.0), F32x4::splat(0.0));
    each(x, 0.0, |four| {
        largest = largest.max(four.abs());
        // 0 for each finite number, NaN for the others.
        not_finite = not_finite + four * F32x4::splat(0.0);
    });
    let largest = largest.largest();
    let finite = not_finite.sum() == 0.0;
    if !finite || largest < SMALLEST {
        to.fill(T::default());
        return (if finite { 0.0 } else { f32::NAN }, 0.0);
    }
    let inverse = F32x4::splat(limit / largest);
    let mut sum = F32x4::splat(0.0);
    let mut whole = |eight: &[f32], to: &mut [T; 2 * LANES]| {
        let [low, high] = [0, LANES].map(|i| (F32x4::first(&eight[i..]) * inverse).nearest());
        sum = sum + low + high;
        T::store(low, high, to);
    };
    let (eights, rest) = x.as_chunks::<{ 2 * LANES }>();
    let (places, _) = to.as_chunks_mut::<{ 2 * LANES }>();
    for (eight, to) in eights.iter().zip(places) {
        whole(eight, to);
    }
    let behind = &mut to[x.len() - rest.len()..];
    if !behind.is_empty() {
        let (mut eight, mut part) = ([0.0; 2 * LANES], [T::default(); 2 * LANES]);
        eight[..rest.len()].copy_from_slice(rest);
        whole(&eight, &mut part);
        behind.copy_from_slice(&part[..behind.len()]);
    }
    (largest / limit, sum.sum())
}
