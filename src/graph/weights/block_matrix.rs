//! Matrices of 4-bit or 8-bit weights in blocks, and their conversion to the forms of the kernels.

use std::borrow::Cow;

use tract_onnx::prelude::*;

use super::quant_tensor::{Int8, QuantTensor, Values, row_major};
use crate::kernels::four_bit::{BLOCK, FourBit};

/// The op that reads the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// `MatMulNBits`
    Product,
    /// `GatherBlockQuantized`
    Gather,
    /// `DequantizeLinear`
    Dequantize,
}

/// The form of a node's weights: a matrix of channels, each of which is divided into blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockForm {
    pub kind: Kind,
    /// The indices of the inputs that hold weights, scales and zero points.
    pub inputs: [usize; 3],
    pub bits: usize,
    /// Weights in a block.
    pub block: usize,
    /// Output channels, or rows of a table.
    pub channels: usize,
    /// Weights of a channel.
    pub inner: usize,
    /// Whether the channels lie along the second axis instead of the first.
    pub transposed: bool,
}

impl BlockForm {
    /// The number of blocks of a channel; the last may have fewer weights.
    pub(super) fn blocks_in_channel(&self) -> usize {
        self.inner.div_ceil(self.block)
    }

    /// The strides of a matrix that has one value per weight, or one per block. `row` is the number of values of a channel, padding
    /// included. A transposed matrix has no padding.
    pub(super) fn strides(&self, row: usize) -> Strides {
        match self.transposed {
            true => Strides { channel: 1, inner: self.channels },
            false => Strides { channel: row, inner: 1 },
        }
    }
}

/// The distances from one channel to the next, and from one weight or block of a channel to the next.
#[derive(Clone, Copy)]
pub(super) struct Strides {
    pub channel: usize,
    pub inner: usize,
}

/// Integers of 4 or 8 bits. Of two in a byte, the earlier one is in the lower bits.
pub(super) struct Packed<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub bits: usize,
    pub signed: bool,
}

impl Packed<'_> {
    fn len(&self) -> usize {
        self.bytes.len() * 8 / self.bits
    }

    fn at(&self, index: usize) -> f32 {
        match (self.bits, self.signed) {
            (8, false) => f32::from(self.bytes[index]),
            (8, true) => f32::from(self.bytes[index].cast_signed()),
            (_, signed) => {
                let nibble = self.bytes[index / 2] >> (4 * (index % 2)) & 15;
                // Flipping the highest bit and subtracting it extends the sign.
                f32::from(if signed { ((nibble ^ 8).cast_signed()) - 8 } else { nibble.cast_signed() })
            }
        }
    }
}

/// The zero points of blocks.
pub(super) enum ZeroPoints<'a> {
    /// One for all blocks.
    One(f32),
    /// One per block, with the strides of the scales.
    Floats(Vec<f32>),
    Packed(Packed<'a>, Strides),
}

/// A matrix of weights: `(weight − zero point of its block) · scale of its block`.
pub(super) struct BlockMatrix<'a> {
    pub form: BlockForm,
    pub weights: Packed<'a>,
    pub weight_strides: Strides,
    pub scales: Vec<f32>,
    pub scale_strides: Strides,
    pub zero_points: ZeroPoints<'a>,
}

impl BlockMatrix<'_> {
    /// Whether there is a weight, a scale and a zero point at every index that the sizes allow. `None` if these
    /// overflow.
    pub(super) fn is_complete(&self) -> Option<bool> {
        let BlockForm { channels, inner, .. } = self.form;
        let last = |strides: Strides, inner: usize| {
            let channels = (channels - 1).checked_mul(strides.channel)?;
            channels.checked_add((inner - 1).checked_mul(strides.inner)?)
        };
        let count = self.form.blocks_in_channel();
        let (last_weight, last_scale) = (last(self.weight_strides, inner)?, last(self.scale_strides, count)?);
        let has_zero_points = match &self.zero_points {
            ZeroPoints::One(_) => true,
            ZeroPoints::Floats(values) => last_scale < values.len(),
            ZeroPoints::Packed(packed, strides) => last(*strides, count)? < packed.len(),
        };
        Some(last_weight < self.weights.len() && last_scale < self.scales.len() && has_zero_points)
    }

    /// 4-bit weights in the layout of the kernels as they are, others as integers within ±`limit` with one scale per
    /// channel.
    pub(super) fn quantize(self, limit: f32) -> QuantTensor {
        let BlockForm { kind, channels, inner, transposed, .. } = self.form;
        let (axes, run) = match (transposed, kind) {
            (true, _) => (row_major(&[inner, channels]), 1),
            // `MatMulNBits` stores the transposed matrix.
            (false, Kind::Product) => (tvec![(inner, 1), (channels, inner)], inner),
            (false, _) => (row_major(&[channels, inner]), inner),
        };
        if self.has_kernel_layout() {
            let mut packed = self.weights.bytes.into_owned();
            if self.weights.signed {
                // Converts −8…7 to 0…15: flips the highest bit of each nibble.
                packed.iter_mut().for_each(|byte| *byte ^= 0x88);
            }
            return QuantTensor { axes, values: Values::FourBit(FourBit::new(packed, self.scales).into()) };
        }
        let mut values = vec![0; channels * inner];
        let mut row = vec![0.0; inner];
        let step = if transposed { channels } else { 1 };
        let scales = (0..channels).map(|channel| {
            self.write_channel(channel, &mut row);
            let largest = row.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
            let scale = largest / limit;
            // Zeros, or weights so small that their scale would not be precise.
            if largest.min(scale) < f32::MIN_POSITIVE {
                return 0.0;
            }
            let first = if transposed { channel } else { channel * inner };
            for (to, value) in values[first..].iter_mut().step_by(step).zip(&row) {
                *to = (value / scale).clamp(-limit, limit).round_ties_even() as i8;
            }
            scale
        });
        let scales = scales.collect();
        QuantTensor { axes, values: Values::Int8(Int8 { values: values.into(), scales, run }) }
    }

    /// Whether these are 4-bit weights in the blocks that the kernels read.
    fn has_kernel_layout(&self) -> bool {
        let BlockForm { block, channels, inner, transposed, .. } = self.form;
        let zero = if self.weights.signed { 0.0 } else { 8.0 };
        self.weights.bits == 4
            && block == BLOCK
            && inner.is_multiple_of(BLOCK)
            && !transposed
            && self.scales.len() == channels * (inner / BLOCK)
            && self.weights.len() == channels * inner
            && matches!(self.zero_points, ZeroPoints::One(value) if value == zero)
    }

    /// Writes the weights of one channel to `row`.
    fn write_channel(&self, channel: usize, row: &mut [f32]) {
        for (block, row) in row.chunks_mut(self.form.block).enumerate() {
            let at = |strides: Strides| channel * strides.channel + block * strides.inner;
            let scale = self.scales[at(self.scale_strides)];
            let zero_point = match &self.zero_points {
                ZeroPoints::One(value) => *value,
                ZeroPoints::Floats(values) => values[at(self.scale_strides)],
                ZeroPoints::Packed(packed, strides) => packed.at(at(*strides)),
            };
            for (i, value) in row.iter_mut().enumerate() {
                let index =
                    channel * self.weight_strides.channel + (block * self.form.block + i) * self.weight_strides.inner;
                *value = (self.weights.at(index) - zero_point) * scale;
            }
        }
    }
}
