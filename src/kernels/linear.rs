//! A linear layer, `activation(x · W + b)`, in integers or in f32.
//!
//! In integers, the weights are quantised to 7 bits with one scale per output, and each row of `x` to 8 bits with one scale: for
//! these, relaxed SIMD computes the same integers on every machine, and the loss is small. The weights are stored with
//! `OFFSET` added, so that none is negative. Each product is then too large by `OFFSET · x`, and the dot product of a row by
//! `OFFSET` times the sum of the row:
//!
//! `y = activation((dot product − OFFSET · sum of the row) · row scale · output scale + bias)`
//!
//! 4-bit weights whose block scales have a common unit keep their nibbles if the kernel in use can multiply them (`simd/tiles.rs`). The
//! dot products are the same integers, and have no offset to subtract.
//!
//! `pack` makes a layer from the weights of a file; this file computes with it. `rows` has the quantised rows.

mod pack;
mod rows;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use super::math::{gelu, gelu_tanh};
use super::simd::{
    CHANNELS, DotProducts, F32x4, FourBitBlock, FourBitDotProducts, RowDotProducts, SCALED_INPUTS, TILE_ROWS,
    four_bit_dot_products, kernel, load_eight, store_eight,
};
use rows::{QuantRows, RowTiles};

/// The largest magnitude of a quantised weight.
pub const WEIGHT_LIMIT: f32 = 63.0;
/// The integer that is added to each stored weight.
const OFFSET: i32 = 64;
/// The most inputs of a layer. The sum of a quantised row, whose values are at most 127 each, is then exact in f32, and the sum of
/// its products with weights of at most 127 fits in an i32.
pub const MAX_INPUTS: usize = (1 << 24) / 127;
/// The most bytes of the rows of one panel. All blocks of weights are multiplied with one panel of rows before the next, so that the
/// panel stays in the L2 cache.
const PANEL_BYTES: usize = 128 * 1024;
/// Rows that are multiplied together in f32.
const FLOAT_ROWS: usize = 4;

/// The function applied to each output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `x`
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
    /// The number of values of a row of `x`.
    pub inputs: usize,
    /// The number of values of a row of `y`.
    pub outputs: usize,
    weights: Weights,
    /// One bias per output, padded with zeros to whole blocks.
    bias: Vec<f32>,
    /// The function that is applied to each output after the bias.
    pub activation: Activation,
}

/// Packed weights, in blocks of [`CHANNELS`] outputs.
#[derive(Debug, Clone)]
enum Weights {
    /// Weights plus [`OFFSET`]; [`INPUTS`](super::simd::INPUTS) describes the order in a block. `scales` has one scale per output,
    /// padded with zeros to whole blocks.
    Int8 { packed: Arc<Vec<i8>>, scales: Arc<Vec<f32>> },
    /// 4-bit weights: [`FourBitBlock`] describes the nibbles and the multiples of a block. `scales` has one scale per output, padded
    /// with zeros to whole blocks.
    FourBit { nibbles: Arc<Vec<i8>>, multiples: Arc<Vec<i8>>, scales: Arc<Vec<f32>> },
    /// A block has, for each input in turn, its weights for the outputs of the block.
    Float32(Arc<Vec<f32>>),
}

impl PackedLinear {
    /// Whether both layers have the same weights, in the same memory, the same bias and the same activation. Layers with equal
    /// weights in different memory do not count as the same: comparing them would take long.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = match (&self.weights, &other.weights) {
            (Weights::Int8 { packed: a, .. }, Weights::Int8 { packed: b, .. }) => Arc::ptr_eq(a, b),
            (Weights::FourBit { nibbles: a, .. }, Weights::FourBit { nibbles: b, .. }) => Arc::ptr_eq(a, b),
            (Weights::Float32(a), Weights::Float32(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        same && self.bias == other.bias && self.activation == other.activation
    }

    /// Adds to the bias of each output: `bias` has one value per output.
    pub fn add_bias(&mut self, bias: impl Iterator<Item = f32>) {
        for (to, value) in self.bias.iter_mut().zip(bias) {
            *to += value;
        }
    }

    /// Computes `y`, rows of `outputs` values, from `x`, rows of `inputs` values. In integers, a row with a NaN or an infinity
    /// gives a row of NaN.
    ///
    /// # Panics
    /// If the lengths of `x` and `y` are not the same multiple of `inputs` and of `outputs`.
    #[inline(never)]
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        let rows = y.len() / self.outputs.max(1);
        assert_eq!((x.len(), y.len()), (rows * self.inputs, rows * self.outputs));
        SCRATCH.with_borrow_mut(|scratch| {
            let Scratch { wide, narrow, tiles, sums } = scratch;
            match (&self.weights, kernel().row_dot_products) {
                (Weights::Float32(weights), _) => self.multiply_f32(weights, x, y),
                (Weights::FourBit { nibbles, multiples, scales }, _) => {
                    narrow.quantize(x, rows, self.inputs, 0);
                    tiles.arrange(narrow);
                    // Plain Rust if another kernel was chosen after packing, as tests do.
                    let dot_products = kernel().four_bit_dot_products.unwrap_or(four_bit_dot_products);
                    self.multiply_four_bit((nibbles, multiples, scales), (narrow, tiles), dot_products, sums, y);
                }
                (Weights::Int8 { packed, scales }, RowDotProducts::I8(dot_products)) => {
                    narrow.quantize(x, rows, self.inputs, OFFSET);
                    self.multiply((packed, scales), narrow, dot_products, sums, y);
                }
                (Weights::Int8 { packed, scales }, RowDotProducts::I16(dot_products)) => {
                    wide.quantize(x, rows, self.inputs, OFFSET);
                    self.multiply((packed, scales), wide, dot_products, sums, y);
                }
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
                    self.write_outputs_f32(tile_f32::<FLOAT_ROWS>(rows, weights), block * CHANNELS, y);
                }
            }
        }
    }

    /// Writes eight outputs of each row, from `channel` on, to the rows of `y`: their sums plus the bias, after the activation.
    fn write_outputs_f32(&self, sums: [[F32x4; 2]; FLOAT_ROWS], channel: usize, y: &mut [f32]) {
        let width = CHANNELS.min(self.outputs - channel);
        let bias = load_eight(&self.bias[channel..]);
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
                self.write_outputs(scales, x, panel.clone(), block * CHANNELS, sums, y);
            }
        }
    }

    /// Computes `y` from quantised rows, which are also in tiles. `sums` is scratch memory.
    fn multiply_four_bit(
        &self,
        (nibbles, multiples, scales): (&[i8], &[i8], &[f32]),
        (x, tiles): (&QuantRows<i8>, &RowTiles),
        dot_products: FourBitDotProducts,
        sums: &mut Vec<[i32; CHANNELS]>,
        y: &mut [f32],
    ) {
        let panel_rows = (PANEL_BYTES / self.inputs / TILE_ROWS).max(1) * TILE_ROWS;
        for first in (0..x.scales.len()).step_by(panel_rows) {
            let panel = first..(first + panel_rows).min(x.scales.len());
            let rows = tiles.tiles_of(panel.clone());
            sums.resize(rows.values.len() / self.inputs, [0; CHANNELS]);
            let blocks = nibbles.chunks_exact(CHANNELS * self.inputs);
            let multiples = multiples.chunks_exact(CHANNELS * self.inputs / SCALED_INPUTS);
            for (block, (nibbles, multiples)) in blocks.zip(multiples).enumerate() {
                dot_products(rows, FourBitBlock { nibbles, multiples }, sums);
                self.write_outputs(scales, x, panel.clone(), block * CHANNELS, sums, y);
            }
        }
    }

    /// Writes eight outputs of each of these rows, from `channel` on, to `y`. `sums` has their dot products.
    fn write_outputs<T>(
        &self,
        scales: &[f32],
        x: &QuantRows<T>,
        rows: Range<usize>,
        channel: usize,
        sums: &[[i32; CHANNELS]],
        y: &mut [f32],
    ) {
        let width = CHANNELS.min(self.outputs - channel);
        let (scales, bias) = (load_eight(&scales[channel..]), load_eight(&self.bias[channel..]));
        for (row, sums) in rows.zip(sums) {
            let scale = F32x4::splat(x.scales[row]);
            let [low, high] = F32x4::from_i32_minus(sums, x.offsets[row]);
            let value = |half: usize, sum| self.activation.apply(sum * scale * scales[half] + bias[half]);
            store_eight(value(0, low), value(1, high), &mut y[row * self.outputs + channel..][..width]);
        }
    }
}

/// The dot products of `ROWS` rows with the eight outputs of one block.
#[inline(always)]
fn tile_f32<const ROWS: usize>(rows: [&[f32]; ROWS], weights: &[f32]) -> [[F32x4; 2]; ROWS] {
    let (inputs, _) = weights.as_chunks::<CHANNELS>();
    let rows = rows.map(|row| &row[..inputs.len()]);
    let mut sums = [[F32x4::splat(0.0); 2]; ROWS];
    for (input, weights) in inputs.iter().enumerate() {
        let weights = load_eight(weights);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let value = F32x4::splat(row[input]);
            *sums = [sums[0] + value * weights[0], sums[1] + value * weights[1]];
        }
    }
    sums
}

/// Memory that is reused from call to call: it grows to the size that the largest batch needs.
#[derive(Default)]
struct Scratch {
    /// Rows for kernels that multiply rows of i16.
    wide: QuantRows<i16>,
    /// Rows for kernels that multiply rows of i8.
    narrow: QuantRows<i8>,
    /// `narrow` in tiles, for 4-bit weights.
    tiles: RowTiles,
    /// The sums of one block of channels.
    sums: Vec<[i32; CHANNELS]>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}
