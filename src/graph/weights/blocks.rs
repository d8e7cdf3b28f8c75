//! Weights of 4 or 8 bits in blocks, each with a scale and perhaps a zero point: `MatMulNBits`, `GatherBlockQuantized`, and
//! `DequantizeLinear` with a block size or of 4 bits. Blocks in the layout of the 4-bit kernels stay as they are; others become int8
//! with one scale per output channel or table row.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::*;

use super::quant_tensor::{Int8, QuantTensor, Values, row_major};
use super::values::floats;
use crate::error::Error;
use crate::kernels::four_bit::{BLOCK, FourBit};
use crate::kernels::linear::WEIGHT_LIMIT;

/// Types of `TensorProto` that tract does not name.
pub(super) const UINT4: i32 = 21;
pub(super) const INT4: i32 = 22;
/// The largest magnitude of a quantised value of an embedding table.
const TABLE_LIMIT: f32 = 127.0;

/// Weights that are taken out of the file.
pub(super) struct Taken {
    /// The name of the value that the weights stand for.
    pub name: String,
    /// `None` if another node has taken them before.
    pub tensor: Option<QuantTensor>,
    /// The node that replaces the original one: it reads the weights by their name and has no input for scales.
    pub node: Option<NodeProto>,
}

/// The graph that weights in blocks are taken out of.
pub(super) struct BlockSource<'a> {
    pub graph: &'a mut GraphProto,
    /// The index of each initializer.
    pub indices: HashMap<String, usize>,
    /// The values that a `Gather` looks up rows in.
    pub tables: HashSet<String>,
}

impl BlockSource<'_> {
    fn tensor(&self, node: &NodeProto, input: usize) -> Option<&TensorProto> {
        let name = node.input.get(input).filter(|name| !name.is_empty())?;
        self.indices.get(name).map(|&index| &self.graph.initializer[index])
    }

    /// Takes the weights of a node with weights in blocks. Forms that are not supported stay as they are. `is_taken` says
    /// whether another node has taken the weights of that name before.
    pub(super) fn take_blocks(
        &mut self,
        node: &NodeProto,
        is_taken: impl Fn(&str) -> bool,
    ) -> Result<Option<Taken>, Error> {
        let Some(layer) = Layer::from_node(node, self) else { return Ok(None) };
        let name = match layer.kind {
            Kind::Dequantize => node.output.first().cloned().unwrap_or_default(),
            _ => node.input[layer.inputs[0]].clone(),
        };
        let rest = layer.without_scales(node);
        if is_taken(&name) {
            return Ok(Some(Taken { name, tensor: None, node: rest }));
        }
        let is_table = layer.kind == Kind::Gather || self.tables.contains(&name);
        let limit = if is_table { TABLE_LIMIT } else { WEIGHT_LIMIT };
        let damaged = || {
            let name = &node.input[layer.inputs[0]];
            Error::damaged_graph(format_args!("the sizes of `{name}` and its scales do not match"))
        };
        // The weights are moved out where no other node reads them.
        let moved = match (layer.kind, self.indices.get(&name)) {
            (Kind::Product | Kind::Gather, Some(&index)) => std::mem::take(&mut self.graph.initializer[index].raw_data),
            _ => Vec::new(),
        };
        let blocks = layer.blocks(node, self, moved).ok_or_else(damaged)?;
        if !blocks.scales.iter().all(|scale| scale.is_finite()) {
            return Err(damaged());
        }
        Ok(Some(Taken { name, tensor: Some(blocks.quantize(limit)), node: rest }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// `MatMulNBits`
    Product,
    /// `GatherBlockQuantized`
    Gather,
    /// `DequantizeLinear`
    Dequantize,
}

/// A node with weights in blocks.
struct Layer {
    kind: Kind,
    /// The indices of the inputs that hold weights, scales and zero points.
    inputs: [usize; 3],
    bits: usize,
    block: usize,
    /// Output channels, or rows of a table, and weights of each.
    channels: usize,
    inner: usize,
    /// Whether the channels lie along the second axis instead of the first.
    transposed: bool,
}

impl Layer {
    fn from_node(node: &NodeProto, source: &BlockSource) -> Option<Self> {
        let attribute = |name: &str| node.attribute.iter().find(|a| a.name == name).map(|a| a.i);
        let number = |name: &str, default: i64| usize::try_from(attribute(name).unwrap_or(default)).ok();
        let (kind, inputs) = match &node.op_type[..] {
            "MatMulNBits" => (Kind::Product, [1, 2, 3]),
            "GatherBlockQuantized" => (Kind::Gather, [0, 2, 3]),
            "DequantizeLinear" => (Kind::Dequantize, [0, 1, 2]),
            _ => return None,
        };
        let weight = source.tensor(node, inputs[0])?;
        source.tensor(node, inputs[1])?;
        let named = |i: usize| node.input.get(i).is_some_and(|name| !name.is_empty());
        if named(inputs[2]) && source.tensor(node, inputs[2]).is_none() {
            return None;
        }
        let stored_bits = bits(weight.data_type)?;
        let dims: Vec<usize> = weight.dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(0)).collect();
        let mut layer = Self { kind, inputs, bits: stored_bits, block: 0, channels: 0, inner: 0, transposed: false };
        match kind {
            Kind::Product => {
                (layer.channels, layer.inner) = (number("N", 0)?, number("K", 0)?);
                (layer.bits, layer.block) = (number("bits", 4)?, number("block_size", 0)?);
                // Input 4, `g_idx`, puts the inputs into blocks in another order.
                if named(4) || weight.data_type != DataType::Uint8 as i32 {
                    return None;
                }
            }
            Kind::Gather => {
                let &[rows, columns] = &dims[..] else { return None };
                layer.bits = if stored_bits == 4 { 4 } else { number("bits", 4)? };
                // Bytes hold two weights of 4 bits each, which the shape does not show.
                let packed = stored_bits / layer.bits.max(1);
                (layer.channels, layer.inner, layer.block) =
                    (rows, columns.saturating_mul(packed), number("block_size", 128)?);
                if number("gather_axis", 0)? != 0 || ![Some(1), Some(-1), None].contains(&attribute("quantize_axis")) {
                    return None;
                }
            }
            Kind::Dequantize => {
                let &[rows, columns] = &dims[..] else { return None };
                layer.block = number("block_size", 0)?;
                // `extract` takes 8 bits without blocks.
                if layer.block == 0 && stored_bits == 8 {
                    return None;
                }
                let axis = attribute("axis").unwrap_or(1);
                let axis = usize::try_from(if axis < 0 { axis + 2 } else { axis }).ok().filter(|axis| *axis < 2)?;
                // Blocks lie along the axis; scales without blocks are those of the channels along the axis.
                layer.transposed = (axis == 0) == (layer.block > 0);
                (layer.channels, layer.inner) = if layer.transposed { (columns, rows) } else { (rows, columns) };
            }
        }
        if layer.block == 0 {
            layer.block = layer.inner;
        }
        let known = [4, 8].contains(&layer.bits) && layer.block > 0 && layer.channels > 0 && layer.inner > 0;
        known.then_some(layer)
    }

    /// The node without the inputs of scales and zero points; `None` if it does nothing else than to dequantise the weights.
    fn without_scales(&self, node: &NodeProto) -> Option<NodeProto> {
        if self.kind == Kind::Dequantize {
            return None;
        }
        let mut node = node.clone();
        let inputs = node.input.iter_mut().enumerate();
        inputs.filter(|(input, _)| self.inputs[1..].contains(input)).for_each(|(_, name)| name.clear());
        Some(node)
    }

    /// The weights, if all sizes match. `moved` has the bytes of those that were moved out of the graph.
    fn blocks<'a>(&self, node: &NodeProto, source: &'a BlockSource, moved: Vec<u8>) -> Option<Blocks<'a>> {
        let [weights, scales] = [self.inputs[0], self.inputs[1]].map(|input| source.tensor(node, input));
        let (weights, scales) = (weights?, floats(scales?)?);
        let count = self.inner.div_ceil(self.block);
        // Each row of MatMulNBits ends with a whole block.
        let row = if self.kind == Kind::Product { count.checked_mul(self.block)? } else { self.inner };
        let order = |row: usize| match self.transposed {
            true => Strides { channel: 1, inner: self.channels },
            false => Strides { channel: row, inner: 1 },
        };
        let per_block = if scales.len() == 1 { Strides { channel: 0, inner: 0 } } else { order(count) };
        let signed = [INT4, DataType::Int8 as i32].contains(&weights.data_type);
        let zero_points = match source.tensor(node, self.inputs[2]) {
            None if signed || self.kind == Kind::Dequantize || weights.data_type == UINT4 => ZeroPoints::One(0.0),
            None => ZeroPoints::One((1 << (self.bits - 1)) as f32),
            Some(tensor) => match floats(tensor) {
                Some(values) => ZeroPoints::Floats(values),
                None => {
                    bits(tensor.data_type)?;
                    // If zero points are packed in bytes, each row of them begins at a new byte.
                    let packed = self.bits == 4 && tensor.data_type == DataType::Uint8 as i32;
                    let strides = if packed { order(count.next_multiple_of(2)) } else { per_block };
                    ZeroPoints::Packed(Packed { bytes: bytes(tensor), bits: self.bits, signed }, strides)
                }
            },
        };
        let blocks = Blocks {
            kind: self.kind,
            block: self.block,
            channels: self.channels,
            inner: self.inner,
            transposed: self.transposed,
            weights: Packed {
                bytes: if moved.is_empty() { bytes(weights) } else { Cow::Owned(moved) },
                bits: self.bits,
                signed,
            },
            order: order(row),
            scales,
            per_block,
            zero_points,
        };
        let last = |strides: Strides, inner: usize| {
            let channels = (self.channels - 1).checked_mul(strides.channel)?;
            channels.checked_add((inner - 1).checked_mul(strides.inner)?)
        };
        let (last_weight, last_scale) = (last(blocks.order, self.inner)?, last(per_block, count)?);
        let fits = last_weight < blocks.weights.len()
            && last_scale < blocks.scales.len()
            && match &blocks.zero_points {
                ZeroPoints::One(_) => true,
                ZeroPoints::Floats(values) => last_scale < values.len(),
                ZeroPoints::Packed(packed, strides) => last(*strides, count)? < packed.len(),
            };
        fits.then_some(blocks)
    }
}

/// Steps from one channel to the next, and from one weight or block of a channel to the next.
#[derive(Clone, Copy)]
struct Strides {
    channel: usize,
    inner: usize,
}

/// Integers of 4 or 8 bits. Of two in a byte, the earlier one is in the lower bits.
struct Packed<'a> {
    bytes: Cow<'a, [u8]>,
    bits: usize,
    signed: bool,
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
                f32::from(if signed { ((nibble ^ 8).cast_signed()) - 8 } else { nibble.cast_signed() })
            }
        }
    }
}

enum ZeroPoints<'a> {
    One(f32),
    Floats(Vec<f32>),
    Packed(Packed<'a>, Strides),
}

/// A matrix of weights: `(weight − zero point of its block) · scale of its block`.
struct Blocks<'a> {
    kind: Kind,
    block: usize,
    channels: usize,
    inner: usize,
    transposed: bool,
    weights: Packed<'a>,
    order: Strides,
    scales: Vec<f32>,
    /// The strides of `scales`.
    per_block: Strides,
    zero_points: ZeroPoints<'a>,
}

impl Blocks<'_> {
    /// 4-bit weights in the layout of the kernels as they are, others as integers within ±`limit` with one scale per channel.
    fn quantize(self, limit: f32) -> QuantTensor {
        let (axes, run) = match (self.transposed, self.kind) {
            (true, _) => (row_major(&[self.inner, self.channels]), 1),
            // `MatMulNBits` stores the transposed matrix.
            (false, Kind::Product) => (tvec![(self.inner, 1), (self.channels, self.inner)], self.inner),
            (false, _) => (row_major(&[self.channels, self.inner]), self.inner),
        };
        if self.has_kernel_layout() {
            let mut packed = self.weights.bytes.into_owned();
            if self.weights.signed {
                // Converts −8…7 to 0…15: flips the highest bit of each nibble.
                packed.iter_mut().for_each(|byte| *byte ^= 0x88);
            }
            return QuantTensor { axes, values: Values::FourBit(FourBit::new(packed, self.scales).into()) };
        }
        let mut values = vec![0; self.channels * self.inner];
        let mut row = vec![0.0; self.inner];
        let step = if self.transposed { self.channels } else { 1 };
        let scales = (0..self.channels).map(|channel| {
            self.write_channel(channel, &mut row);
            let largest = row.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
            let scale = largest / limit;
            if largest.min(scale) < f32::MIN_POSITIVE {
                return 0.0;
            }
            let first = if self.transposed { channel } else { channel * self.inner };
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
        let zero = if self.weights.signed { 0.0 } else { 8.0 };
        self.weights.bits == 4
            && self.block == BLOCK
            && self.inner.is_multiple_of(BLOCK)
            && !self.transposed
            && self.scales.len() == self.channels * (self.inner / BLOCK)
            && self.weights.len() == self.channels * self.inner
            && matches!(self.zero_points, ZeroPoints::One(value) if value == zero)
    }

    /// Writes the weights of one channel to `row`.
    fn write_channel(&self, channel: usize, row: &mut [f32]) {
        for (block, row) in row.chunks_mut(self.block).enumerate() {
            let at = |strides: Strides| channel * strides.channel + block * strides.inner;
            let scale = self.scales[at(self.per_block)];
            let zero_point = match &self.zero_points {
                ZeroPoints::One(value) => *value,
                ZeroPoints::Floats(values) => values[at(self.per_block)],
                ZeroPoints::Packed(packed, strides) => packed.at(at(*strides)),
            };
            for (i, value) in row.iter_mut().enumerate() {
                let index = channel * self.order.channel + (block * self.block + i) * self.order.inner;
                *value = (self.weights.at(index) - zero_point) * scale;
            }
        }
    }
}

/// The bits of an integer type that weights may have.
fn bits(data_type: i32) -> Option<usize> {
    match data_type {
        UINT4 | INT4 => Some(4),
        t if t == DataType::Uint8 as i32 || t == DataType::Int8 as i32 => Some(8),
        _ => None,
    }
}

fn bytes(tensor: &TensorProto) -> Cow<'_, [u8]> {
    match tensor.raw_data.is_empty() {
        true => tensor.int32_data.iter().map(|&byte| byte as u8).collect(),
        false => Cow::Borrowed(&tensor.raw_data[..]),
    }
}
