//! Weights of 4 or 8 bits in blocks, each with a scale and perhaps a zero point: `MatMulNBits`, `GatherBlockQuantized`,
//! and `DequantizeLinear` with a block size or of 4 bits. Blocks in the layout of the 4-bit kernels stay as they are;
//! others become int8 with one scale per output channel or table row.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use super::block_matrix::{BlockForm, BlockMatrix, Kind, Packed, Strides, ZeroPoints};
use super::quant_tensor::QuantTensor;
use super::values::floats;
use crate::error::Error;
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
    /// The names of values that nodes read more than once.
    pub shared: HashSet<String>,
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
        let Some(form) = BlockForm::from_node(node, self) else { return Ok(None) };
        let name = match form.kind {
            Kind::Dequantize => node.output.first().cloned().unwrap_or_default(),
            _ => node.input[form.inputs[0]].clone(),
        };
        let rest = form.without_scales(node);
        if is_taken(&name) {
            return Ok(Some(Taken { name, tensor: None, node: rest }));
        }
        let is_table = form.kind == Kind::Gather || self.tables.contains(&name);
        let limit = if is_table { TABLE_LIMIT } else { WEIGHT_LIMIT };
        let damaged = || {
            let name = &node.input[form.inputs[0]];
            Error::damaged_graph(format_args!("the sizes of `{name}` and its scales do not match"))
        };
        let moved = match (form.kind, self.indices.get(&name)) {
            (Kind::Product | Kind::Gather, Some(&index)) if !self.shared.contains(&name) => {
                std::mem::take(&mut self.graph.initializer[index].raw_data)
            }
            _ => Vec::new(),
        };
        let matrix = form.matrix(node, self, moved).ok_or_else(damaged)?;
        if !matrix.scales.iter().all(|scale| scale.is_finite()) {
            return Err(damaged());
        }
        Ok(Some(Taken { name, tensor: Some(matrix.quantize(limit)), node: rest }))
    }
}

impl BlockForm {
    /// The form of the weights that a node reads. `None` if the node has no weights in blocks, or has them in a form
    /// that is not supported.
    fn from_node(node: &NodeProto, source: &BlockSource) -> Option<Self> {
        let mut form = match &node.op_type[..] {
            "MatMulNBits" => Self::from_product(node, source.tensor(node, 1)?)?,
            "GatherBlockQuantized" => Self::from_gather(node, source.tensor(node, 0)?)?,
            "DequantizeLinear" => Self::from_dequantize(node, source.tensor(node, 0)?)?,
            _ => return None,
        };
        let [_, scales, zero_points] = form.inputs;
        source.tensor(node, scales)?;
        if has_input(node, zero_points) && source.tensor(node, zero_points).is_none() {
            return None;
        }
        // Without a block size, each channel is one block.
        if form.block == 0 {
            form.block = form.inner;
        }
        let known = [4, 8].contains(&form.bits) && form.block > 0 && form.channels > 0 && form.inner > 0;
        known.then_some(form)
    }

    fn from_product(node: &NodeProto, weight: &TensorProto) -> Option<Self> {
        // Input 4, `g_idx`, puts the inputs into blocks in another order.
        if has_input(node, 4) || weight.data_type != DataType::Uint8 as i32 {
            return None;
        }
        Some(Self {
            kind: Kind::Product,
            inputs: [1, 2, 3],
            bits: size_attribute(node, "bits", 4)?,
            block: size_attribute(node, "block_size", 0)?,
            channels: size_attribute(node, "N", 0)?,
            inner: size_attribute(node, "K", 0)?,
            transposed: false,
        })
    }

    fn from_gather(node: &NodeProto, weight: &TensorProto) -> Option<Self> {
        let ([rows, columns], stored_bits) = (matrix_sizes(weight)?, bits(weight.data_type)?);
        let bits = if stored_bits == 4 { 4 } else { size_attribute(node, "bits", 4)? };
        let axes = [attribute(node, "gather_axis").unwrap_or(0), attribute(node, "quantize_axis").unwrap_or(1)];
        if ![[0, 1], [0, -1]].contains(&axes) {
            return None;
        }
        Some(Self {
            kind: Kind::Gather,
            inputs: [0, 2, 3],
            bits,
            block: size_attribute(node, "block_size", 128)?,
            channels: rows,
            // A byte holds two weights of 4 bits, which the shape does not show.
            inner: columns.saturating_mul(stored_bits / bits.max(1)),
            transposed: false,
        })
    }

    fn from_dequantize(node: &NodeProto, weight: &TensorProto) -> Option<Self> {
        let ([rows, columns], bits) = (matrix_sizes(weight)?, bits(weight.data_type)?);
        let block = size_attribute(node, "block_size", 0)?;
        // `extract` takes 8 bits without blocks.
        if block == 0 && bits == 8 {
            return None;
        }
        let axis = attribute(node, "axis").unwrap_or(1);
        let axis = usize::try_from(if axis < 0 { axis + 2 } else { axis }).ok().filter(|axis| *axis < 2)?;
        // Blocks lie along the axis; scales without blocks are those of the channels along the axis.
        let transposed = (axis == 0) == (block > 0);
        let (channels, inner) = if transposed { (columns, rows) } else { (rows, columns) };
        Some(Self { kind: Kind::Dequantize, inputs: [0, 1, 2], bits, block, channels, inner, transposed })
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

    /// The weights, if all sizes match. `moved` has their bytes, if they were moved out of the graph.
    fn matrix<'a>(self, node: &NodeProto, source: &'a BlockSource, moved: Vec<u8>) -> Option<BlockMatrix<'a>> {
        let [weights, scales] = [self.inputs[0], self.inputs[1]].map(|input| source.tensor(node, input));
        let (weights, scales) = (weights?, floats(scales?)?);
        let count = self.blocks_in_channel();
        // Each row of MatMulNBits ends with a whole block.
        let row = if self.kind == Kind::Product { count.checked_mul(self.block)? } else { self.inner };
        // A single scale is that of all blocks.
        let scale_strides = if scales.len() == 1 { Strides { channel: 0, inner: 0 } } else { self.strides(count) };
        let signed = [INT4, DataType::Int8 as i32].contains(&weights.data_type);
        let zero_points = match source.tensor(node, self.inputs[2]) {
            None if signed || self.kind == Kind::Dequantize || weights.data_type == UINT4 => ZeroPoints::One(0.0),
            // The middle of the range.
            None => ZeroPoints::One((1 << (self.bits - 1)) as f32),
            Some(tensor) => self.zero_points(tensor, signed, scale_strides)?,
        };
        let bytes = if moved.is_empty() { bytes(weights) } else { Cow::Owned(moved) };
        let weights = Packed { bytes, bits: self.bits, signed };
        let matrix =
            BlockMatrix { form: self, weights, weight_strides: self.strides(row), scales, scale_strides, zero_points };
        matrix.is_complete()?.then_some(matrix)
    }

    /// The zero points in a tensor. `signed` is whether they are signed, like the weights, and `scale_strides` has the
    /// strides of the scales.
    fn zero_points<'a>(&self, tensor: &'a TensorProto, signed: bool, scale_strides: Strides) -> Option<ZeroPoints<'a>> {
        if let Some(values) = floats(tensor) {
            return Some(ZeroPoints::Floats(values));
        }
        bits(tensor.data_type)?;
        // If zero points are packed in bytes, each row of them begins at a new byte.
        let packed = self.bits == 4 && tensor.data_type == DataType::Uint8 as i32;
        let strides = if packed { self.strides(self.blocks_in_channel().next_multiple_of(2)) } else { scale_strides };
        Some(ZeroPoints::Packed(Packed { bytes: bytes(tensor), bits: self.bits, signed }, strides))
    }
}

/// Whether a node has an input of this index.
fn has_input(node: &NodeProto, input: usize) -> bool {
    node.input.get(input).is_some_and(|name| !name.is_empty())
}

fn attribute(node: &NodeProto, name: &str) -> Option<i64> {
    node.attribute.iter().find(|a| a.name == name).map(|a| a.i)
}

/// An attribute that is a size; `None` if it is negative.
fn size_attribute(node: &NodeProto, name: &str, default: i64) -> Option<usize> {
    usize::try_from(attribute(node, name).unwrap_or(default)).ok()
}

/// The rows and columns of a tensor of two axes.
fn matrix_sizes(tensor: &TensorProto) -> Option<[usize; 2]> {
    let &[rows, columns] = &tensor.dims[..] else { return None };
    Some([rows, columns].map(|size| usize::try_from(size).unwrap_or(0)))
}

/// The bits of an integer type that weights may have.
fn bits(data_type: i32) -> Option<usize> {
    match data_type {
        UINT4 | INT4 => Some(4),
        t if t == DataType::Uint8 as i32 || t == DataType::Int8 as i32 => Some(8),
        _ => None,
    }
}

/// The bytes of an integer tensor.
fn bytes(tensor: &TensorProto) -> Cow<'_, [u8]> {
    match tensor.raw_data.is_empty() {
        true => tensor.int32_data.iter().map(|&byte| byte as u8).collect(),
        false => Cow::Borrowed(&tensor.raw_data[..]),
    }
}
