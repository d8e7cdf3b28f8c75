//! Takes quantised weights out of the file before tract would convert them to f32: int8 weights behind
//! `DequantizeLinear`, and 4-bit weights of `MatMulNBits` and `GatherBlockQuantized`, which become `MatMul` and `Gather`.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::type_proto::{self, Value};
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto};
use tract_onnx::prelude::*;

use super::quant_tensor::{QuantConst, QuantTensor, row_major};
use crate::error::Error;
use crate::kernels::four_bit::{BLOCK, requantize};
use crate::kernels::linear::WEIGHT_LIMIT;

/// The quantised weights of a file, by the name of the f32 value that each represents.
pub(in crate::graph) struct QuantTensors(HashMap<String, Arc<QuantTensor>>);

impl QuantTensors {
    /// Takes out each initializer that a `DequantizeLinear` reads, together with that node, whose output becomes an input
    /// of the graph. 4-bit weights become inputs themselves. Weights that int8 with a zero point of 0 cannot hold stay.
    pub(in crate::graph) fn take(graph: &mut GraphProto) -> Result<Self, Error> {
        let named = graph.initializer.iter().enumerate().map(|(index, tensor)| (tensor.name.clone(), index));
        let indices: HashMap<String, usize> = named.collect();
        let mut taken = HashMap::new();
        let mut nodes = Vec::with_capacity(graph.node.len());
        for node in std::mem::take(&mut graph.node) {
            if let Some((name, tensor)) = take_int8(&node, graph, &indices)? {
                graph.input.push(float_input(&name, &tensor.shape()));
                taken.insert(name, Arc::new(tensor));
            } else if let Some((name, node, tensor)) = take_four_bit(&node, graph, &indices)? {
                graph.input.push(float_input(&name, &tensor.shape()));
                taken.insert(name, Arc::new(tensor));
                nodes.push(node);
            } else {
                nodes.push(node);
            }
        }
        graph.node = nodes;
        let used: HashSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
        graph.initializer.retain(|tensor| used.contains(&tensor.name) && !taken.contains_key(&tensor.name));
        Ok(Self(taken))
    }

    pub(in crate::graph) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(in crate::graph) fn shape(&self, name: &str) -> Option<TVec<usize>> {
        self.0.get(name).map(|tensor| tensor.shape())
    }

    /// Replaces the inputs that [`take`](Self::take) has left by the weights.
    pub(in crate::graph) fn put(&self, model: &mut TypedModel) -> TractResult<()> {
        let inputs = model.input_outlets()?.to_vec();
        let mut kept = vec![];
        for outlet in inputs {
            match self.0.get(&model.node(outlet.node).name) {
                Some(tensor) => model.node_mut(outlet.node).op = Box::new(QuantConst(tensor.clone())),
                None => kept.push(outlet),
            }
        }
        model.set_input_outlets(&kept)
    }
}

/// The output name of a `DequantizeLinear` of int8 weights, and the weights.
fn take_int8(
    node: &NodeProto,
    graph: &mut GraphProto,
    indices: &HashMap<String, usize>,
) -> Result<Option<(String, QuantTensor)>, Error> {
    let named = |i: usize| node.input.get(i).filter(|name| !name.is_empty());
    let initializer = |i: usize| named(i).and_then(|name| indices.get(name)).copied();
    let blocked = node.attribute.iter().any(|a| a.name == "block_size" && a.i != 0);
    let output = node.output.first().filter(|name| !name.is_empty());
    let (Some(values), Some(scales), Some(output)) = (initializer(0), initializer(1), output) else { return Ok(None) };
    if node.op_type != "DequantizeLinear" || blocked || (named(2).is_some() && initializer(2).is_none()) {
        return Ok(None);
    }
    let name = &graph.initializer[values].name;
    let Some(scales) = floats(&graph.initializer[scales]) else { return Ok(None) };
    if scales.iter().any(|scale| !scale.is_finite()) {
        return Err(Error::malformed(format!("model.onnx is damaged: a scale of `{name}` is not finite")));
    }
    let shape: TVec<usize> =
        graph.initializer[values].dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(0)).collect();
    let axis = node.attribute.iter().find(|a| a.name == "axis").map_or(1, |a| a.i);
    let axis = if axis < 0 { axis + shape.len() as i64 } else { axis } as usize;
    if scales.is_empty() || scales.len() != 1 && shape.get(axis) != Some(&scales.len()) {
        return Err(Error::malformed(format!(
            "model.onnx is damaged: `{name}` has {} scales along axis {axis} of {shape:?}",
            scales.len()
        )));
    }
    let zero_points = match initializer(2) {
        Some(i) => integers(&graph.initializer[i]),
        None => Some(vec![0]),
    };
    let same = |z: Vec<i32>| z.first().copied().filter(|first| z.iter().all(|v| v == first));
    let Some(zero_point) = zero_points.and_then(same) else { return Ok(None) };
    let Some(values) = centred(&mut graph.initializer[values], zero_point) else { return Ok(None) };
    if values.len() != shape.iter().product::<usize>() {
        let name = &node.input[0];
        return Err(Error::malformed(format!(
            "model.onnx is damaged: `{name}` of {shape:?} has {} values",
            values.len()
        )));
    }
    // A single scale applies to all values, whatever the axis.
    let run = shape.iter().skip(axis.saturating_add(1)).product();
    Ok(Some((output.clone(), QuantTensor { axes: row_major(&shape), values: values.into(), scales, run })))
}

/// The name of a node's 4-bit weights, the standard ONNX node that replaces the node, and the weights. Forms that common
/// exporters do not write, with explicit zero points or other block sizes, stay as they are and are unsupported.
fn take_four_bit(
    node: &NodeProto,
    graph: &mut GraphProto,
    indices: &HashMap<String, usize>,
) -> Result<Option<(String, NodeProto, QuantTensor)>, Error> {
    let is_product = node.op_type == "MatMulNBits";
    if !is_product && node.op_type != "GatherBlockQuantized" {
        return Ok(None);
    }
    let number = |name: &str, default: i64| node.attribute.iter().find(|a| a.name == name).map_or(default, |a| a.i);
    let named = |i: usize| node.input.get(i).filter(|name| !name.is_empty());
    let (weight_input, x_input) = if is_product { (1, 0) } else { (0, 1) };
    let initializer = |i: usize| named(i).and_then(|name| indices.get(name)).copied();
    let (Some(weights), Some(scales), Some(x)) = (initializer(weight_input), initializer(2), named(x_input)) else {
        return Ok(None);
    };
    let usual = number("bits", 4) == 4
        && number("block_size", 128) == BLOCK as i64
        && (3..6).all(|i| named(i).is_none())
        && (is_product || (number("gather_axis", 0) == 0 && number("quantize_axis", 1) == 1));
    let weight = &graph.initializer[weights];
    let Some(scales) = floats(&graph.initializer[scales]) else { return Ok(None) };
    let signed = weight.data_type == INT4;
    if !usual || !(signed || weight.data_type == DataType::Uint8 as i32) || weight.raw_data.is_empty() {
        return Ok(None);
    }
    // Rows and columns of the weights; columns must fill whole blocks.
    let [rows, columns] = match is_product {
        true => [number("N", 0), number("K", 0)],
        false => [0, 1].map(|axis| weight.dims.get(axis).copied().unwrap_or(0)),
    };
    let (rows, columns) = (usize::try_from(rows).unwrap_or(0), usize::try_from(columns).unwrap_or(0));
    // A uint8 tensor packs two weights in a byte, so its last dimension is half the columns. An int4 tensor does not.
    let columns = if is_product || signed { columns } else { columns.saturating_mul(2) };
    if !columns.is_multiple_of(BLOCK) {
        return Ok(None);
    }
    let blocks = columns / BLOCK;
    let fits = rows.checked_mul(columns) == Some(weight.raw_data.len() * 2) && scales.len() == rows * blocks;
    if !fits || scales.iter().any(|scale| !scale.is_finite()) {
        return Err(Error::malformed(format!(
            "model.onnx is damaged: the sizes of `{}` and its scales do not match",
            weight.name
        )));
    }
    let mut packed = std::mem::take(&mut graph.initializer[weights].raw_data);
    if signed {
        // Converts −8…7 to 0…15: flips the highest bit of each nibble.
        packed.iter_mut().for_each(|byte| *byte ^= 0x88);
    }
    let name = named(weight_input).cloned().unwrap_or_default();
    let plain = |op_type: &str, input: Vec<String>| NodeProto {
        op_type: op_type.into(),
        input,
        output: node.output.clone(),
        name: node.name.clone(),
        ..NodeProto::default()
    };
    Ok(Some(if is_product {
        let (values, scales) = requantize(&packed, &scales, blocks, WEIGHT_LIMIT);
        let axes = tvec![(columns, 1), (rows, columns)];
        let tensor = QuantTensor { axes, values: values.into(), scales, run: columns };
        (name.clone(), plain("MatMul", vec![x.clone(), name]), tensor)
    } else {
        let (values, scales) = requantize(&packed, &scales, blocks, f32::from(i8::MAX));
        let axes = row_major(&[rows, columns]);
        let tensor = QuantTensor { axes, values: values.into(), scales, run: columns };
        (name.clone(), plain("Gather", vec![name, x.clone()]), tensor)
    }))
}

/// `TensorProto.INT4`, which tract does not name.
const INT4: i32 = 22;

/// The values minus the zero point, if all of them fit in int8. The values are moved out where possible.
fn centred(tensor: &mut TensorProto, zero_point: i32) -> Option<Vec<i8>> {
    let is_int8 = tensor.data_type == DataType::Int8 as i32;
    if is_int8 && zero_point == 0 && !tensor.raw_data.is_empty() {
        // Collecting into a `Vec` of items of the same size reuses the memory.
        return Some(std::mem::take(&mut tensor.raw_data).into_iter().map(|byte| byte as i8).collect());
    }
    let centred = |value: i32| i8::try_from(value.checked_sub(zero_point)?).ok();
    integers(tensor)?.into_iter().map(centred).collect()
}

/// The values of an 8-bit tensor.
fn integers(tensor: &TensorProto) -> Option<Vec<i32>> {
    let is_int8 = tensor.data_type == DataType::Int8 as i32;
    if !is_int8 && tensor.data_type != DataType::Uint8 as i32 {
        return None;
    }
    if tensor.raw_data.is_empty() {
        return Some(tensor.int32_data.clone());
    }
    let bytes = tensor.raw_data.iter();
    Some(bytes.map(|&byte| if is_int8 { i32::from(byte as i8) } else { i32::from(byte) }).collect())
}

fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != DataType::Float as i32 {
        return None;
    }
    if tensor.raw_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    let (fours, rest) = tensor.raw_data.as_chunks::<4>();
    rest.is_empty().then(|| fours.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

fn float_input(name: &str, shape: &[usize]) -> ValueInfoProto {
    let dim =
        |&size: &usize| Dimension { value: Some(dimension::Value::DimValue(size as i64)), ..Dimension::default() };
    let shape = TensorShapeProto { dim: shape.iter().map(dim).collect() };
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape: Some(shape) };
    let value = TypeProto { value: Some(Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.into(), r#type: Some(value), ..ValueInfoProto::default() }
}
