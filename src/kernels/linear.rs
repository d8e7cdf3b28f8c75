//! A linear layer, `activation(x · W + b)`, in integers or in f32.
//!
//! In integers, weights are quantised to 7 bits with one scale per output channel, each row of `x` to 8 bits with one
//! scale: relaxed SIMD multiplies these to the same integers on every machine, and the loss is small. The weights are
//! stored with `OFFSET` added, so that none is negative. Each product then has `OFFSET · x` too much, and the dot
//! product of a row `OFFSET` times the row's sum:
//!
//! `y = (dot product − OFFSET · sum of the row) · row scale · channel scale + bias`

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use super::math::{gelu, gelu_tanh};
use super::quantize::{QuantizedInt, SMALLEST, quantize_row};
use super::simd::{
    CHANNELS, DotProducts, F32x4, INPUTS, LANES, RowDotProducts, interleave_channels, kernel, store_eight,
};

/// The largest magnitude of a quantised weight.
pub const WEIGHT_LIMIT: f32 = 63.0;
/// Added to each stored weight.
const OFFSET: i32 = 64;
/// The largest magnitude of a quantised value of a row.
const ROW_LIMIT: f32 = 127.0;
/// The sum of this many products fits in an i32: a stored weight and a value of a row are at most 127 each.
pub const MAX_INPUTS: usize = i32::MAX as usize / (127 * 127);
/// Bytes of quantised rows that are multiplied with one block of weights after the other: they stay in the L2 cache.
const PANEL_BYTES: usize = 128 * 1024;
/// Rows that are multiplied together in f32.
const FLOAT_ROWS: usize = 4;

/// The function applied to each output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// The output as it is.
    None,
    /// `x · 0.5 · (1 + erf(x / √2))`
    Gelu,
    /// `x · 0.5 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`
    GeluTanh,
}

impl Activation {
    #[inline(always)]
    fn apply(self, x: F32x4) -> F32x4 {
        match self {
            Self::None => x,
            Self::Gelu => gelu(x),
            Self::GeluTanh => gelu_tanh(x),
        }
    }
}

/// A linear layer whose weights are packed in the order in which the kernels read them.
#[derive(Debug, Clone)]
pub struct PackedLinear {
    /// Values of a row of `x`.
    pub inputs: usize,
    /// Values of a row of `y`.
    pub outputs: usize,
    weights: Weights,
    /// One per output, padded with zeros to whole blocks.
    bias: Vec<f32>,
    /// What the outputs go through.
    pub activation: Activation,
}

/// Weights in blocks of [`CHANNELS`] outputs.
#[derive(Debug, Clone)]
enum Weights {
    /// A block has groups of [`INPUTS`] inputs; a group has each output's weights in turn. `scales` has one value per output,
    /// padded with zeros to whole blocks.
    Int8 { packed: Arc<Vec<i8>>, scales: Arc<Vec<f32>> },
    /// A block has the weights of each input in turn.
    Float32(Arc<Vec<f32>>),
}

impl PackedLinear {
    /// Packs integer weights with one scale per output, or f32 weights where `scales` is `None`. Integers within
    /// ±[`WEIGHT_LIMIT`] stay as they are; everything else is quantised. `row(input, first)` returns an input's weights for
    /// the eight outputs from `first` on, with zeros after the last output.
    ///
    /// # Panics
    /// If there are more than [`MAX_INPUTS`] inputs, or not one scale per output.
    pub fn pack(
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
            let row = |input: usize| row(input, first);
            // What each output's weights are multiplied with to be within the limit.
            let mut ratios = [0.0; CHANNELS];
            for ((ratio, scale), largest) in
                ratios.iter_mut().zip(&mut all_scales[first..]).zip(largest_magnitudes(inputs, &row))
            {
                if scales.is_some() && largest <= WEIGHT_LIMIT {
                    *ratio = 1.0;
                    continue;
                }
                *scale *= largest / WEIGHT_LIMIT;
                *ratio = if largest < SMALLEST { 0.0 } else { WEIGHT_LIMIT / largest };
            }
            pack_block(inputs, &row, eight(&ratios), packed);
        }
        Self::int8(inputs, outputs, packed, all_scales)
    }

    /// Like [`pack`](Self::pack), from integer weights stored output by output. `row(output)` returns an output's weights.
    pub fn pack_rows<'a>(inputs: usize, scales: &[f32], row: impl Fn(usize) -> &'a [i8]) -> Self {
        Self::pack_outputs(inputs, scales.len(), |output, to| scales[output] * write_row(row(output), to))
    }

    /// Packs integer weights: `write(output, to)` writes those of an output, within ±[`WEIGHT_LIMIT`], and returns their scale.
    ///
    /// # Panics
    /// If there are more than [`MAX_INPUTS`] inputs.
    pub fn pack_outputs(inputs: usize, outputs: usize, mut write: impl FnMut(usize, &mut [i8]) -> f32) -> Self {
        assert!(inputs <= MAX_INPUTS);
        let (stride, blocks) = (inputs.next_multiple_of(INPUTS), outputs.div_ceil(CHANNELS));
        let mut packed = vec![0; blocks * CHANNELS * stride];
        let mut scales = vec![0.0; blocks * CHANNELS];
        let mut rows = vec![0; CHANNELS * stride];
        for (block, packed) in packed.chunks_exact_mut((CHANNELS * stride).max(1)).enumerate() {
            let channels = block * CHANNELS..outputs.min((block + 1) * CHANNELS);
            rows[channels.len() * stride..].fill(0);
            for (channel, row) in channels.zip(rows.chunks_exact_mut(stride)) {
                scales[channel] = write(channel, &mut row[..inputs]);
            }
            interleave_channels(&rows, OFFSET as i8, packed);
        }
        Self::int8(inputs, outputs, packed, scales)
    }

    /// Packs f32 weights as they are: `weight(input, output)`.
    pub fn float32(inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let mut packed = vec![0.0; outputs.next_multiple_of(CHANNELS) * inputs];
        for (block, packed) in packed.chunks_exact_mut((CHANNELS * inputs).max(1)).enumerate() {
            let (eights, _) = packed.as_chunks_mut::<CHANNELS>();
            for (input, eight) in eights.iter_mut().enumerate() {
                for (output, to) in (block * CHANNELS..outputs).zip(eight) {
                    *to = weight(input, output);
                }
            }
        }
        Self::unbiased(inputs, outputs, Weights::Float32(packed.into()))
    }

    fn int8(inputs: usize, outputs: usize, packed: Vec<i8>, scales: Vec<f32>) -> Self {
        Self::unbiased(inputs, outputs, Weights::Int8 { packed: packed.into(), scales: scales.into() })
    }

    fn unbiased(inputs: usize, outputs: usize, weights: Weights) -> Self {
        let bias = vec![0.0; outputs.next_multiple_of(CHANNELS)];
        Self { inputs, outputs, weights, bias, activation: Activation::None }
    }

    /// Like [`pack`](Self::pack), from f32 weights: `weight(input, output)`.
    pub fn quantize(inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        Self::pack(inputs, outputs, None, |input, first| {
            let one = |i| if i < outputs { weight(input, i) } else { 0.0 };
            [first, first + LANES].map(|first| F32x4::load(&std::array::from_fn(|i| one(first + i))))
        })
    }

    /// Whether both share their weights, the same memory, and have the same bias and activation.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = match (&self.weights, &other.weights) {
            (Weights::Int8 { packed: a, .. }, Weights::Int8 { packed: b, .. }) => Arc::ptr_eq(a, b),
            (Weights::Float32(a), Weights::Float32(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        same && self.bias == other.bias && self.activation == other.activation
    }

    /// Adds to each output's bias.
    pub fn add_bias(&mut self, bias: impl Iterator<Item = f32>) {
        for (to, value) in self.bias.iter_mut().zip(bias) {
            *to += value;
        }
    }

    /// Computes `y`, rows of `outputs` values, from `x`, rows of `inputs` values. In integers, a row with a NaN or an infinity
    /// gives a row of NaN.
    #[inline(never)]
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        let rows = y.len() / self.outputs.max(1);
        assert_eq!((x.len(), y.len()), (rows * self.inputs, rows * self.outputs));
        let (packed, scales) = match &self.weights {
            Weights::Int8 { packed, scales } => (&packed[..], &scales[..]),
            Weights::Float32(weights) => return self.multiply_f32(weights, x, y),
        };
        SCRATCH.with_borrow_mut(|scratch| match kernel().row_dot_products {
            RowDotProducts::I8(dot_products) => {
                scratch.narrow.quantize(x, rows, self.inputs);
                self.multiply((packed, scales), &scratch.narrow, dot_products, &mut scratch.sums, y);
            }
            RowDotProducts::I16(dot_products) => {
                scratch.wide.quantize(x, rows, self.inputs);
                self.multiply((packed, scales), &scratch.wide, dot_products, &mut scratch.sums, y);
            }
        });
    }

    /// Computes `y` from `x` in f32. The products of each output are summed in the order of the inputs, for any number
    /// of rows.
    fn multiply_f32(&self, weights: &[f32], x: &[f32], y: &mut [f32]) {
        let (inputs, outputs) = (self.inputs.max(1), self.outputs.max(1));
        let panel_rows = (PANEL_BYTES / (size_of::<f32>() * inputs)).max(FLOAT_ROWS);
        for (x, y) in x.chunks(panel_rows * inputs).zip(y.chunks_mut(panel_rows * outputs)) {
            for (block, weights) in weights.chunks_exact(CHANNELS * inputs).enumerate() {
                for (x, y) in x.chunks(FLOAT_ROWS * inputs).zip(y.chunks_mut(FLOAT_ROWS * outputs)) {
                    // Missing rows of the last tile repeat its first, and their sums are dropped.
                    let rows = std::array::from_fn(|i| x.get(i * inputs..(i + 1) * inputs).unwrap_or(&x[..inputs]));
                    self.finish_f32(tile_f32::<FLOAT_ROWS>(rows, weights), block * CHANNELS, y);
                }
            }
        }
    }

    /// Adds the bias to the sums of eight channels, from `channel` on, applies the activation, and writes them to the
    /// rows of `y`.
    fn finish_f32(&self, sums: [[F32x4; 2]; FLOAT_ROWS], channel: usize, y: &mut [f32]) {
        let width = CHANNELS.min(self.outputs - channel);
        let bias = eight(&self.bias[channel..]);
        for ([low, high], y) in sums.into_iter().zip(y.chunks_exact_mut(self.outputs)) {
            let [low, high] = [low + bias[0], high + bias[1]].map(|value| self.activation.apply(value));
            store_eight(low, high, &mut y[channel..][..width]);
        }
    }

    /// Computes `y` from quantised rows. `sums` is scratch memory.
    fn multiply<T>(
        &self,
        (packed, scales): (&[i8], &[f32]),
        x: &QuantRows<T>,
        dot_products: DotProducts<T>,
        sums: &mut Vec<[i32; CHANNELS]>,
        y: &mut [f32],
    ) {
        let panel_rows = (PANEL_BYTES / (size_of::<T>() * x.stride).max(1)).max(1);
        for first in (0..x.scales.len()).step_by(panel_rows) {
            let panel = first..(first + panel_rows).min(x.scales.len());
            let values = &x.values[first * x.stride..panel.end * x.stride];
            sums.resize(panel.len(), [0; CHANNELS]);
            for block in 0..self.bias.len() / CHANNELS {
                let weights = &packed[block * CHANNELS * x.stride..][..CHANNELS * x.stride];
                dot_products(values, x.stride, weights, sums);
                self.finish(scales, x, panel.clone(), block * CHANNELS, sums, y);
            }
        }
    }

    /// Turns the dot products of eight channels, from `channel` on, into outputs of these rows.
    fn finish<T>(
        &self,
        scales: &[f32],
        x: &QuantRows<T>,
        rows: Range<usize>,
        channel: usize,
        sums: &[[i32; CHANNELS]],
        y: &mut [f32],
    ) {
        let width = CHANNELS.min(self.outputs - channel);
        let (scales, bias) = (eight(&scales[channel..]), eight(&self.bias[channel..]));
        for (row, sums) in rows.zip(sums) {
            let scale = F32x4::splat(x.scales[row]);
            let [low, high] = F32x4::from_i32_minus(sums, x.offsets[row]);
            let value = |half: usize, sum| self.activation.apply(sum * scale * scales[half] + bias[half]);
            store_eight(value(0, low), value(1, high), &mut y[row * self.outputs + channel..][..width]);
        }
    }
}

/// The largest magnitude of the weights of each of eight outputs. `row(input)` returns an input's weights for them.
#[inline(always)]
fn largest_magnitudes(inputs: usize, row: &impl Fn(usize) -> [F32x4; CHANNELS / LANES]) -> [f32; CHANNELS] {
    let mut largest = [F32x4::splat(0.0); CHANNELS / LANES];
    for input in 0..inputs {
        for (largest, weights) in largest.iter_mut().zip(row(input)) {
            *largest = largest.max(weights.abs());
        }
    }
    let mut eight = [0.0; CHANNELS];
    store_eight(largest[0], largest[1], &mut eight);
    eight
}

/// Writes one block of integer weights: those of eight outputs, times `ratios` and rounded, plus [`OFFSET`].
#[inline(always)]
fn pack_block(
    inputs: usize,
    row: &impl Fn(usize) -> [F32x4; CHANNELS / LANES],
    ratios: [F32x4; CHANNELS / LANES],
    packed: &mut [i8],
) {
    let offset = F32x4::splat(OFFSET as f32);
    let (groups, _) = packed.as_chunks_mut::<{ CHANNELS * INPUTS }>();
    for (group, to) in groups.iter_mut().enumerate() {
        let mut rows = [[OFFSET as i8; CHANNELS]; INPUTS];
        for (input, quantized) in (group * INPUTS..inputs).zip(&mut rows) {
            let weights = row(input);
            let quantize = |half: usize| (weights[half] * ratios[half]).nearest() + offset;
            F32x4::store_i8(quantize(0), quantize(1), quantized);
        }
        for channel in 0..CHANNELS {
            for input in 0..INPUTS {
                to[channel * INPUTS + input] = rows[input][channel];
            }
        }
    }
}

/// The first eight values.
#[inline(always)]
fn eight(from: &[f32]) -> [F32x4; CHANNELS / LANES] {
    [F32x4::load_first(from), F32x4::load_first(&from[LANES..])]
}

/// The sums of the products of some rows with the weights of one block.
#[inline(always)]
fn tile_f32<const ROWS: usize>(rows: [&[f32]; ROWS], weights: &[f32]) -> [[F32x4; 2]; ROWS] {
    let (inputs, _) = weights.as_chunks::<CHANNELS>();
    let rows = rows.map(|row| &row[..inputs.len()]);
    let mut sums = [[F32x4::splat(0.0); 2]; ROWS];
    for (input, weights) in inputs.iter().enumerate() {
        let weights = eight(weights);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let value = F32x4::splat(row[input]);
            *sums = [sums[0] + value * weights[0], sums[1] + value * weights[1]];
        }
    }
    sums
}

/// Writes the weights of one channel, and returns the divisor that was needed to make them fit the limit.
///
/// Not inlined: a browser's optimising compiler replaces a function at its next call, not a loop that is running.
#[inline(never)]
fn write_row(row: &[i8], to: &mut [i8]) -> f32 {
    let largest = f32::from(row.iter().fold(0, |largest, value| value.unsigned_abs().max(largest)));
    if largest <= WEIGHT_LIMIT {
        to.copy_from_slice(row);
        return 1.0;
    }
    for (to, value) in to.iter_mut().zip(row) {
        *to = (f32::from(*value) * (WEIGHT_LIMIT / largest)).round_ties_even() as i8;
    }
    largest / WEIGHT_LIMIT
}

/// Quantised rows, each with its scale.
#[derive(Default)]
struct QuantRows<T> {
    values: Vec<T>,
    scales: Vec<f32>,
    /// [`OFFSET`] times the sum of each row.
    offsets: Vec<i32>,
    /// Values from one row to the next: the row's length, padded with zeros to a multiple of [`INPUTS`].
    stride: usize,
}

impl<T: QuantizedInt> QuantRows<T> {
    /// Replaces all rows by those of `x`, each `width` values wide.
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

/// Memory that outlives a call: it grows to what the largest batch needs and is then reused.
#[derive(Default)]
struct Scratch {
    /// Rows for the i16 kernel or the i8 kernel.
    wide: QuantRows<i16>,
    narrow: QuantRows<i8>,
    /// The sums of one block of channels.
    sums: Vec<[i32; CHANNELS]>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}
